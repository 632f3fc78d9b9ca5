import { readFile } from 'node:fs/promises';
import { Agent, request as send } from 'node:http';
import { expect, test } from 'vitest';
import { addAccount, recorded, signIn } from '../account-fixture.ts';
import { startProcess } from '../service-process.ts';
import { password, request, userServers } from '../user-service-fixture.ts';

// The numbers are those of the abuse cases that the API must withstand.

/** Ten thousand in `npm run security`; here more than the queue for hashing holds. */
const callers = Number(process.env['ABUSE_SIGN_INS'] ?? 1_000);
/** Whoever comes while so many wait is told to come again (password-hasher.ts). */
const queueLimit = 500;
/** Heap, sockets and the hashes under way (19 MiB each) of a flood, above what the service has at rest. */
const mostMiB = 600;

test(`21 · of ${callers} sign-ins at once some are answered, and all others are told when to come again; health stays green, memory bounded`, async () => {
  await using servers = await userServers();
  await using service = await startProcess(servers, { RATE_LIMIT_SCALE: '0' });
  const { email } = await addAccount(servers, 'ada');
  await signIn(service.url, email);
  const atRest = await highestMiB(service.pid);

  const flood = { isOver: false };
  const watching = watchHealth(service.urls, flood);
  const answers = await signInAtOnce(service.url, email, callers);
  flood.isOver = true;
  const healths = await watching;

  const statuses = Map.groupBy(answers, ({ status }) => status);
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([201, 503]);
  // As many as the queue holds are let in. On a busy machine some of them wait too long for a connection to the database, and go, too.
  expect(answers.filter(({ code }) => code !== 'busy').length).toBeGreaterThanOrEqual(queueLimit);
  for (const { code, retryAfter } of statuses.get(503) ?? [])
    expect([code, retryAfter]).toEqual([
      expect.stringMatching(/^(busy|unavailable)$/),
      expect.stringMatching(/^[1-9]\d*$/),
    ]);
  expect(healths.length).toBeGreaterThan(0);
  expect(new Set(healths)).toEqual(new Set([200]));
  expect((await highestMiB(service.pid)) - atRest).toBeLessThan(mostMiB);
  // It is over when it is over.
  expect(await signIn(service.url, email)).toMatchObject({ status: 201 });
}, 900_000);

test('a burst of two hundred registrations from one address passes, with the limits that are set by default', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ EVENTS_ENABLED: 'false' });
  const burst = Array.from({ length: 200 }, (_, n) =>
    request(`${service.urls.public}/v1/registrations`, 'POST', { email: `guest${n}@example.com`, password }),
  );
  expect((await Promise.all(burst)).map(({ status }) => status)).toEqual(Array(200).fill(202));
  expect(await recorded(servers, 'registered')).toHaveLength(200);
});

interface Told {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
}

/** Each on a connection of its own, all under way together. */
async function signInAtOnce(url: string, email: string, count: number): Promise<Told[]> {
  const agent = new Agent({ maxSockets: count });
  const body = JSON.stringify({ email, password });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const one = (): Promise<Told> =>
    new Promise((resolve, reject) => {
      const sent = send(`${url}/v1/sessions`, { method: 'POST', agent, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            code: JSON.parse(text).code,
            retryAfter: response.headers['retry-after'],
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const answers = await Promise.all(Array.from({ length: count }, one));
  agent.destroy();
  return answers;
}

/** What the probes of an orchestrator see meanwhile, one after the other at each listener. */
async function watchHealth(urls: Readonly<Record<string, string>>, flood: { isOver: boolean }): Promise<number[]> {
  const seen: number[] = [];
  while (!flood.isOver)
    for (const url of Object.values(urls))
      for (const probe of ['livez', 'readyz']) seen.push((await request(`${url}/${probe}`, 'GET')).status);
  return seen;
}

/** The most that a process had resident so far, as Linux counts it. */
async function highestMiB(pid: number): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
