import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { expect, test } from 'vitest';
import { startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';
import { patiently } from './quick.ts';

test('a mail server with a wrong certificate gets no mail in clear text and costs no attempt; with the right one all mail goes out once', async () => {
  await using world = await startEmailWorld();
  const port = Number(new URL(world.config.smtpUrl).port);
  await world.smtp.down();
  const taken: string[] = [];
  {
    // It offers STARTTLS with a certificate that nobody has signed, and would take the mail without.
    await using _impostor = await listen(port, taken);
    await using service = await world.start();
    const ids = [];
    for (const name of ['ada', 'bob', 'eve'])
      ids.push(
        await world.publish((await issueVerification(world.sealingKey, { email: `${name}@example.com` })).event),
      );
    await expect
      .poll(async () => parts(service.url), patiently)
      .toMatchObject({ 'email-challenges': { status: 'down', detail: 'waiting for smtp' } });
    await expect
      .poll(async () => world.query('select distinct state from mail'), patiently)
      .toEqual([{ state: 'accepted' }]);
    expect(await world.query('select max(attempts)::int as spent, count(*)::int as mails from mail')).toEqual([
      { spent: 0, mails: 3 },
    ]);
    expect(await world.query('select distinct reason from mail')).toEqual([{ reason: 'configuration: TLS failed' }]);
  }
  await world.smtp.up();
  await using _service = await world.start();
  await expect
    .poll(async () => world.query(`select count(*)::int as mails from mail where state = 'sent'`), patiently)
    .toEqual([{ mails: 3 }]);
  expect(taken).toEqual([]);
  expect(world.smtp.received).toHaveLength(3);
});

async function listen(port: number, taken: string[]): Promise<AsyncDisposable> {
  const server = new SMTPServer({
    closeTimeout: 100,
    logger: false,
    authOptional: true,
    onData: (stream, { envelope }, done) => {
      stream.resume().on('end', () => {
        taken.push(...envelope.rcptTo.map(({ address }) => address));
        done();
      });
    },
  });
  server.on('error', () => undefined); // A client that refuses our certificate is what this is about.
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return { [Symbol.asyncDispose]: async () => new Promise((resolve) => server.close(() => resolve())) };
}

async function parts(url: string): Promise<unknown> {
  const body = (await (await fetch(`${url}/readyz`)).json()) as { parts: unknown }; // Our own format; the assertion looks inside.
  return body.parts;
}
