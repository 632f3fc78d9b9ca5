import { testPostgres } from '@postrider/local/testing';
import { test } from 'vitest';
import { type EmailWorld, startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';
import { patiently } from './quick.ts';

test.concurrent('starts with everything absent, says what is missing, and works once it is there', async ({
  expect,
}) => {
  await using postgres = await testPostgres();
  await using world = await startEmailWorld({ databaseUrl: postgres.adminUrl });
  await Promise.all([postgres.stop(), world.nats.stop(), world.smtp.down()]);

  await using service = await world.start();
  expect((await fetch(`${service.url}/livez`)).status).toBe(200);
  await expect
    .poll(() => readiness(service.url), patiently)
    .toMatchObject({
      httpStatus: 503,
      status: 'unready',
      parts: {
        database: { status: 'down', required: true },
        nats: { status: 'starting' },
        smtp: { status: 'down' },
        'email-challenges': { status: 'starting' },
        'email-user-events': { status: 'starting' },
      },
    });

  await world.nats.start();
  await world.publish((await issueVerification(world.sealingKey)).event);
  await expect.poll(() => readiness(service.url), patiently).toMatchObject({ parts: { nats: { status: 'up' } } });
  await postgres.start();
  await expect.poll(() => readiness(service.url), patiently).toMatchObject({ parts: { database: { status: 'up' } } });
  await world.smtp.up();
  await expect.poll(() => states(world), patiently).toEqual(['sent']);
  await expect.poll(() => readiness(service.url), patiently).toMatchObject({ httpStatus: 200, status: 'ready' });
  expect(world.smtp.received).toHaveLength(1);
});

test.concurrent('a database that is away for a while delays mails and loses none', async ({ expect }) => {
  await using postgres = await testPostgres();
  await using world = await startEmailWorld({ databaseUrl: postgres.adminUrl });
  await using service = await world.start();
  await expect.poll(() => readiness(service.url), patiently).toMatchObject({ status: 'ready' });
  await postgres.kill();
  const recipients = Array.from({ length: 30 }, (_, index) => `user${index}@example.com`);
  for (const email of recipients) await world.publish((await issueVerification(world.sealingKey, { email })).event);
  await expect
    .poll(() => readiness(service.url), patiently)
    .toMatchObject({
      parts: { 'email-challenges': { status: 'down', detail: 'waiting for database' } },
    });
  await postgres.start();
  await expect.poll(() => states(world), patiently).toEqual(recipients.map(() => 'sent'));
  expect(world.smtp.received.map(({ to }) => to).toSorted()).toEqual(recipients.toSorted());
  expect(world.seen.some(({ subject }) => subject.startsWith('dead.'))).toBe(false);
});

test.concurrent('a NATS server that is killed in the middle of the work delays mails and loses none', async ({
  expect,
}) => {
  await using world = await startEmailWorld();
  const released = Promise.withResolvers<string>();
  world.smtp.answer('final', () => released.promise);
  await using _service = await world.start();
  const recipients = Array.from({ length: 30 }, (_, index) => `user${index}@example.com`);
  for (const email of recipients) await world.publish((await issueVerification(world.sealingKey, { email })).event);
  await world.smtp.until(({ seen }) => seen.final > 0);
  await world.nats.kill();
  released.resolve('250 2.0.0 queued');
  await world.nats.start();
  await expect.poll(() => states(world), patiently).toEqual(recipients.map(() => 'sent'));
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(30);
  expect(world.smtp.received.map(({ to }) => to).toSorted()).toEqual(recipients.toSorted());
});

test.concurrent('with events disabled it serves its health and touches nothing', async ({ expect }) => {
  await using world = await startEmailWorld();
  await using service = await world.start({}, { eventsEnabled: false });
  await world.publish((await issueVerification(world.sealingKey)).event);
  await expect.poll(() => readiness(service.url), patiently).toMatchObject({ status: 'ready' });
  const { parts } = await readiness(service.url);
  expect(Object.keys(parts)).toEqual(['database']);
  expect(world.smtp.seen.greeting).toBe(0);
});

interface Readiness {
  readonly httpStatus: number;
  readonly status: string;
  readonly parts: Record<string, unknown>;
}

async function readiness(url: string): Promise<Readiness> {
  const response = await fetch(`${url}/readyz`);
  const body = (await response.json()) as Omit<Readiness, 'httpStatus'>; // Our own format; the assertions look inside.
  return { ...body, httpStatus: response.status };
}

async function states(world: EmailWorld): Promise<unknown[]> {
  return (await world.query('select state from mail')).map(({ state }) => state);
}
