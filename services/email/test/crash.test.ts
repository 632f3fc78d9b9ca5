import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { registrationAttempted } from '@postrider/contracts';
import { testPostgres } from '@postrider/local/testing';
import { test, vi } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { migrate } from '../src/database.ts';
import { type EmailWorld, startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';
import { patiently, shortLeaseMs } from './quick.ts';
import { hang, type Stage } from './scripted-smtp.ts';
import type { ProcessArgument } from './service-process.ts';

// Five processes start at once on however few cores there are.
vi.setConfig({ testTimeout: 180_000 });

test.concurrent('killed after the final dot: a security mail is sent once more, with the same bytes, and counted', async ({
  expect,
}) => {
  await using world = await startEmailWorld({ leaseMs: shortLeaseMs });
  const { event } = await issueVerification(world.sealingKey);
  const id = await killAt(world, 'final', async () => world.publish(event));
  await using _next = await world.start();
  await world.fact('sent', id);
  expect(world.smtp.received).toHaveLength(2);
  expect(world.smtp.received[1]).toEqual(world.smtp.received[0]);
  expect(await ledger(world)).toEqual([{ state: 'sent', attempts: 2, tries: 2, ambiguities: 1 }]);
  expect(await world.query('select number, outcome, reason from mail_attempt order by number')).toEqual([
    { number: 1, outcome: 'ambiguous', reason: 'its sender died' },
    { number: 2, outcome: 'sent', reason: 'the server took it' },
  ]);
});

test.concurrent('killed after the final dot: a notice is not sent again, and said to be ambiguous', async ({
  expect,
}) => {
  await using world = await startEmailWorld({ leaseMs: shortLeaseMs });
  const notice = registrationAttempted.create({ userId: uuidv7(), email: 'ada@example.com', locale: 'en' });
  const id = await killAt(world, 'final', async () => world.publish(notice));
  await using _next = await world.start();
  await world.fact('ambiguous', id);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(1);
  expect(world.smtp.received).toHaveLength(1);
  expect(await ledger(world)).toEqual([{ state: 'ambiguous', attempts: 1, tries: 1, ambiguities: 1 }]);
});

test.concurrent('killed before the data: the mail goes out once', async ({ expect }) => {
  await using world = await startEmailWorld({ leaseMs: shortLeaseMs });
  const { event } = await issueVerification(world.sealingKey);
  const id = await killAt(world, 'rcpt', async () => world.publish(event));
  await using _next = await world.start();
  await world.fact('sent', id);
  expect(world.smtp.received).toHaveLength(1);
});

test.concurrent('killed twice after the final dot: there is no third copy', async ({ expect }) => {
  await using world = await startEmailWorld({ leaseMs: shortLeaseMs });
  const { event } = await issueVerification(world.sealingKey);
  await killAt(world, 'final', async () => world.publish(event));
  await killAt(world, 'final', async () => 'the same event, delivered again');
  await using _next = await world.start();
  await expect.poll(() => ledger(world), patiently).toMatchObject([{ state: 'ambiguous', ambiguities: 2 }]);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(1);
  expect(world.smtp.received).toHaveLength(2);
});

test.concurrent('a killed service leaves no token, code or address in its log, whatever its level', async ({
  expect,
}) => {
  await using world = await startEmailWorld({ leaseMs: shortLeaseMs });
  const email = 'grace.hopper@example.org';
  const { event, token, code } = await issueVerification(world.sealingKey, { email });
  await using service = startProcess(world);
  await world.fact('sent', await world.publish(event));
  world.smtp.answer('rcpt', () => `550 5.1.1 <${email}> is unknown here`);
  const other = await issueVerification(world.sealingKey, { email });
  await world.fact('bounced', await world.publish(other.event));
  expect(service.output()).toContain('"mail sent"');
  for (const secret of [token, code, other.token, other.code, email, 'hopper', 'confirm#'])
    expect(service.output()).not.toContain(secret);
});

test.concurrent('a database that goes away after the send loses no outcome: one copy, recorded when it is back', async ({
  expect,
}) => {
  await using postgres = await testPostgres();
  await migrate(postgres.adminUrl);
  await using world = await startEmailWorld({ databaseUrl: postgres.adminUrl });
  const answer = Promise.withResolvers<string>();
  world.smtp.answer('final', () => answer.promise);
  await using _service = await world.start({ leaseMs: 60_000 });
  const id = await world.publish((await issueVerification(world.sealingKey)).event);
  await world.smtp.until(({ seen }) => seen.final === 1);
  await postgres.kill();
  answer.resolve('250 2.0.0 queued');
  await world.smtp.until(({ accepted }) => accepted.length === 1);
  await postgres.start();
  await world.fact('sent', id);
  expect(world.smtp.received).toHaveLength(1);
  expect(await ledger(world)).toEqual([{ state: 'sent', attempts: 1, tries: 1, ambiguities: 0 }]);
});

/** Runs a service until a session with the mail server hangs at the stage, then kills it as a power failure would. */
async function killAt(world: EmailWorld, stage: Stage, publish: () => Promise<string>): Promise<string> {
  const before = world.smtp.seen[stage];
  world.smtp.answer(stage, () => hang);
  await using _service = startProcess(world); // Killed where the scope ends.
  const id = await publish();
  await world.smtp.until(({ seen }) => seen[stage] > before);
  world.smtp.answer(stage, () => undefined);
  return id;
}

/** A service in a process of its own. Disposing it is SIGKILL. */
function startProcess(world: EmailWorld): AsyncDisposable & { output(): string } {
  const { recipientKey, ...config } = world.config;
  const argument: ProcessArgument = {
    config: { ...config, logLevel: 'trace' },
    recipientKey: Buffer.from(recipientKey).toString('base64url'),
    leaseMs: shortLeaseMs,
  };
  const program = join(import.meta.dirname, 'service-process.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(argument)]);
  let output = '';
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = once(child, 'exit');
  return {
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function ledger(world: EmailWorld): Promise<unknown> {
  return world.query('select state, attempts, tries, ambiguities from mail order by accepted_at');
}
