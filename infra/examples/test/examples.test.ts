import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import { emailVerified, toHeaders } from '@postrider/contracts';
import { testNats } from '@postrider/local/testing';
import { connectNats, findLetters } from '@postrider/messaging';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { createTempFolder } from '../../local/src/testing/temp-folder.ts';
import { type Built, buildGo, preparePython } from './build-subscriber.ts';

/** Declared, and with a user who may do no more than a subscriber. */
const durable = 'email-user-events';

test.for([
  ['Go', buildGo],
  ['Python', preparePython],
] as const)(
  'the subscriber in %s acknowledges what it handled, handles no event twice, buries what nobody can handle, and goes on where it was',
  { timeout: 300_000 },
  async ([, build], { skip }) => {
    await using folder = await createTempFolder('subscriber');
    const built = await build(folder.path);
    skip('missing' in built, 'missing' in built ? built.missing : undefined);
    if ('missing' in built) return;
    await using nats = await testNats();
    const { url, nkeySeed = '' } = nats.as('email');
    const seedFile = join(folder.path, 'email.nk');
    await writeFile(seedFile, `${nkeySeed}\n`, { mode: 0o600 }); // As npm start writes them.
    await using operator = connectNats({ url: nats.urls.operator, name: 'test', log: pino({ level: 'silent' }) });
    const nc = await operator.first();
    const env = {
      NATS_URL: url,
      NATS_NKEY: seedFile,
      NATS_INBOX_PREFIX: '_INBOX_email',
      STORE: join(folder.path, 'store'),
    };

    const [ada, bob] = [uuidv7(), uuidv7()];
    await publish(nc, { id: 'e-1', userId: ada, sequence: '1' });
    await publish(nc, { id: 'e-2', userId: bob, sequence: '2' });
    await publish(nc, { id: 'e-1', userId: ada, sequence: '1' }); // The stream's window is no promise.
    await publish(nc, { id: 'e-3', userId: uuidv7(), sequence: '3', body: '{"userId":42}' });
    {
      await using subscriber = start(built, env);
      await settled(nc);
      expect(subscriber.handled()).toEqual(['e-1 new=true', 'e-2 new=true', 'e-1 new=false']);
      const letters = [];
      for await (const letter of findLetters(nc, { durable })) letters.push(letter);
      expect(letters).toMatchObject([{ eventId: 'e-3', durable }]);
      expect(await subscriber.stop()).toBe(0);
    }
    await publish(nc, { id: 'e-4', userId: ada, sequence: '4' });
    await using again = start(built, env);
    await settled(nc);
    expect(again.handled()).toEqual(['e-4 new=true']);
  },
);

interface Published {
  readonly id: string;
  readonly userId: string;
  readonly sequence: string;
  readonly body?: string;
}

async function publish(nc: NatsConnection, { id, userId, sequence, body }: Published): Promise<void> {
  const { type, subject, payload } = emailVerified.create({ ...emailVerified.sample, userId });
  const headers = createHeaders();
  const envelope = { id, source: '/test', type, subject: userId, time: '2026-11-24T09:00:00Z', sequence };
  for (const [name, value] of Object.entries(toHeaders(envelope))) headers.set(name, value);
  await nc.request(subject, body ?? JSON.stringify(payload), { headers, timeout: 10_000 });
}

/** Nothing waits, and nothing is under way. */
async function settled(nc: NatsConnection): Promise<void> {
  const { consumers } = await jetstreamManager(nc);
  const left = async (): Promise<number> => {
    const { num_pending: waiting, num_ack_pending: underWay } = await consumers.info('USER_EVENTS', durable);
    return waiting + underWay;
  };
  await expect.poll(left, { timeout: 60_000 }).toBe(0);
}

function start(
  { command: [program = '', ...args], env }: Exclude<Built, { missing: string }>,
  more: Record<string, string>,
) {
  const child = spawn(program, [...args, durable], {
    env: { ...process.env, ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exited = once(child, 'exit');
  const stop = async (): Promise<number> => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return Number(code);
  };
  return {
    handled: (): string[] => [...output.matchAll(/handled (\S+ new=\S+)/g)].map(([, what = '']) => what),
    stop,
    [Symbol.asyncDispose]: async () => void (child.exitCode ?? (await stop())),
  };
}
