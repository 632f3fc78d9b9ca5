import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

/** A mail as the mailbox has it, with the secrets that only the person may see. */
export interface Mail {
  readonly id: string;
  readonly subject: string;
  /** Where to look at it. */
  readonly url: string;
  readonly text: string;
}

const found = z.object({ messages: z.array(z.object({ ID: z.string(), Subject: z.string() })) });
const message = z.object({ Text: z.string() });

const lookEveryMs = 15;

/** The newest mail to this address with this subject; looks until it is there. Rejects when the signal gives up or the mailbox fails. */
export async function findMail(
  mailboxUrl: string,
  wanted: { to: string; subject: string },
  signal: AbortSignal,
): Promise<Mail> {
  for (;;) {
    const mail = (await mailsTo(mailboxUrl, wanted.to, signal)).find(({ Subject }) => Subject === wanted.subject);
    if (mail !== undefined) {
      const { Text: text } = message.parse(await get(`${mailboxUrl}/api/v1/message/${mail.ID}`, signal));
      return { id: mail.ID, subject: mail.Subject, url: `${mailboxUrl}/view/${mail.ID}`, text };
    }
    await pause(lookEveryMs, undefined, { signal });
  }
}

/** The subjects of what this address got. */
export async function subjectsTo(mailboxUrl: string, to: string, signal: AbortSignal): Promise<string[]> {
  return (await mailsTo(mailboxUrl, to, signal)).map(({ Subject }) => Subject);
}

async function mailsTo(
  mailboxUrl: string,
  to: string,
  signal: AbortSignal,
): Promise<z.infer<typeof found>['messages']> {
  const query = encodeURIComponent(`to:${to}`);
  return found.parse(await get(`${mailboxUrl}/api/v1/search?query=${query}`, signal)).messages;
}

async function get(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return response.json();
}
