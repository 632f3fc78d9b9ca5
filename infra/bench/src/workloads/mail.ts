import { setTimeout as sleep } from 'node:timers/promises';
import { registrationAttempted } from '@postrider/contracts';
import { connectNats, createPublisher } from '@postrider/messaging';
import { createTransport } from 'nodemailer';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { now } from '../measure/clock.ts';
import { cpuBetween, readCpu } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { openStack, placeForStack } from '../servers/open-stack.ts';
import { type SmtpSink, startSmtpSink } from '../servers/start-smtp-sink.ts';

/** As many as the email service has for challenges. */
const connections = 8;

/** So many mails through the email service, ledger and all, beside nodemailer's pool with as many connections to the same server. */
export async function measureMail(
  { root, env }: { root: string; env: NodeJS.ProcessEnv },
  { mails }: { mails: number },
): Promise<object> {
  await using sink = await startSmtpSink();
  const before = await bare(sink, mails);
  const withLedger = await throughService(sink, { root, env, mails });
  const after = await bare(sink, mails);
  return {
    mails,
    connections,
    mailsPerSecond: { withLedger: withLedger.perSecond, bare: [before.perSecond, after.perSecond] },
    share: rounded(withLedger.perSecond / ((before.perSecond + after.perSecond) / 2)),
    cpuMsPerMail: { withLedger: withLedger.cpuMs, bare: before.cpuMs },
  };
}

interface Sending {
  readonly perSecond: number;
  /** CPU time of a mail, by who used it, and `total`. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

async function measured(pids: Record<string, number>, mails: number, send: () => Promise<number>): Promise<Sending> {
  const before = readCpu(pids);
  const perSecond = rounded(await send());
  const used = Object.entries(cpuBetween(before, readCpu(pids)));
  return { perSecond, cpuMs: Object.fromEntries(used.map(([name, s]) => [name, rounded((s * 1_000) / mails)])) };
}

async function bare(sink: SmtpSink, mails: number): Promise<Sending> {
  await sink.forget();
  const pool = createTransport({
    host: '127.0.0.1',
    port: sink.port,
    ignoreTLS: true,
    pool: true,
    maxConnections: connections,
    maxMessages: Infinity,
  });
  const text = 'Somebody tried to register with your address. You have an account already.\n'.repeat(10);
  const message = { from: 'no-reply@example.test', subject: 'Your account', text, html: `<p>${text}</p>`.repeat(4) };
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < mails) await pool.sendMail({ ...message, to: `user${sent++}@example.test` });
  };
  const client = process.cpuUsage();
  const { perSecond, cpuMs } = await measured({ sink: sink.pid }, mails, async () => {
    const startedAt = now();
    await Promise.all(Array.from({ length: connections }, work));
    return mails / ((now() - startedAt) / 1_000);
  });
  pool.close();
  const { user, system } = process.cpuUsage(client);
  const own = (user + system) / 1_000 / mails;
  return { perSecond, cpuMs: { client: rounded(own), ...cpuMs, total: rounded(own + (cpuMs['total'] ?? 0)) } };
}

/** The events wait in their stream while the service is frozen; counted from the first mail that the server takes to the last. */
async function throughService(
  sink: SmtpSink,
  { root, env, mails }: { root: string; env: NodeJS.ProcessEnv; mails: number },
): Promise<Sending> {
  await sink.forget();
  await using place = await placeForStack(root, { ...env, SMTP_URL: `smtp://127.0.0.1:${sink.port}?ignoreTLS=true` });
  await using stack = await openStack(place);
  const { natsOperatorUrl, pids } = stack.info;
  const { email, postgres, nats } = pids;
  if (email === undefined || postgres === undefined || nats === undefined) throw new Error('A part runs elsewhere.');
  process.kill(email, 'SIGSTOP');
  await publish(natsOperatorUrl, mails);
  // Awaited here: the stack ends with this scope.
  return await measured({ email, postgres, nats, sink: sink.pid }, mails, async () => {
    process.kill(email, 'SIGCONT');
    let taken = await sink.taken();
    for (; taken.count < mails; taken = await sink.taken()) await sleep(100);
    return (taken.count - 1) / ((taken.lastAt - taken.firstAt) / 1_000);
  });
}

async function publish(url: string, count: number): Promise<void> {
  const log = pino({ level: 'silent' });
  await using nats = connectNats({ url, name: 'bench', log });
  await nats.first();
  const publisher = createPublisher({ nats, source: '/postrider/user', log });
  for (let index = 0; index < count; index += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, count - index) }, async (_, n) => {
        const email = `user${index + n}@example.test`;
        const event = registrationAttempted.create({ userId: uuidv7(), email, locale: 'en' });
        const eventId = uuidv7();
        const body = JSON.stringify(event.payload);
        const recorded = {
          id: String(index + n + 1),
          eventId,
          messageId: eventId,
          headers: {},
          body,
          recordedAt: new Date(),
          expiresAt: null,
        };
        await publisher.publish({ ...event, ...recorded });
      }),
    );
}
