import { z } from 'zod';

const page = z.object({
  total: z.number(),
  messages: z.array(z.object({ To: z.array(z.object({ Address: z.string() })) })),
});
const pageSize = 200;

/** Everybody who has a mail (Mailpit's API, https://mailpit.axllent.org/docs/api-v1/). */
export async function mailedAddresses(mailboxUrl: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (let start = 0, total = 1; start < total; start += pageSize) {
    const answer = await fetch(`${mailboxUrl}/api/v1/messages?start=${start}&limit=${pageSize}`);
    const { messages, total: all } = page.parse(await answer.json());
    total = all;
    for (const { To } of messages) for (const { Address } of To) found.add(Address);
  }
  return found;
}
