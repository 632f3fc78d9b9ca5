import { setTimeout as sleep } from 'node:timers/promises';
import { emailVerified, toHeaders } from '@postrider/contracts';
import { connectNats } from '@postrider/messaging';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers as createHeaders } from '@nats-io/transport-node';
import { Client } from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { chaosTopology } from '../fleet/chaos-topology.ts';
import { openContext } from '../fleet/open-context.ts';
import { startBroker } from '../fleet/start-broker.ts';
import { startDatabases } from '../fleet/start-databases.ts';
import type { FleetOptions } from '../fleet/start-fleet.ts';
import { startEmailReplica } from '../fleet/start-services.ts';
import { type SmtpFleet, startSmtp } from '../smtp/start-smtp.ts';
import type { Check } from './scenario.ts';

/** The email service's process and what it needs; events come from here, as the user service would publish them. */
export interface MailStage extends AsyncDisposable {
  readonly smtp: SmtpFleet;
  /** An event that owes this address a welcome. */
  publish(address: string): Promise<void>;
  /** How many mails wait in the ledger for another attempt. */
  waiting(): Promise<number>;
  /** How many messages the consumer has handed out and not heard of. */
  unacknowledged(): Promise<number>;
  /**
   * Some of those that wait come due within the next seconds, each at a moment of its own: those with the most attempts left, so that none
   * ends as failed. Far enough ahead for the schedule to know of it, as it does of every wait that it is left with.
   */
  hasten(count: number): Promise<void>;
  /** When each address's mail was taken, once for each copy; milliseconds since 1970. */
  taken(): Promise<Map<string, number[]>>;
  untilTaken(addresses: readonly string[], signal: AbortSignal): Promise<void>;
  /** Until nothing is under way. */
  untilIdle(signal: AbortSignal): Promise<void>;
  /** Whether the ledger holds as many mails as there should be at the least, all of them sent. */
  judge(mails: number): Promise<Check>;
}

const log = pino({ level: 'silent' });
const durable = { stream: 'USER_EVENTS', name: 'email-user-events' };

export async function startMailStage(options: FleetOptions): Promise<MailStage> {
  await using starting = new AsyncDisposableStack();
  const context = starting.use(await openContext(options));
  const [databases, broker, smtp] = await Promise.all([
    startDatabases(context).then((one) => starting.use(one)),
    startBroker(context, 1, chaosTopology({ nodes: 1 })).then((one) => starting.use(one)),
    startSmtp(context).then((one) => starting.use(one)),
  ]);
  const joined = { databaseUrl: databases.urls.email, nats: broker.as('email'), smtpUrl: smtp.url };
  starting.use(await startEmailReplica(context, 1, joined));
  const nats = starting.use(connectNats({ url: broker.urls.operator, name: 'chaos', log }));
  const nc = await nats.first();
  const [js, manager] = [jetstream(nc), await jetstreamManager(nc)];
  const ledger = starting.use(await openLedger(databases.urls.email));
  const unacknowledged = async (): Promise<number> => {
    const { num_ack_pending: delivered, num_pending: rest } = await manager.consumers.info(
      durable.stream,
      durable.name,
    );
    return delivered + rest;
  };
  const taken = async (): Promise<Map<string, number[]>> => {
    const byAddress = Map.groupBy((await smtp.taken(0)).mails, ({ to }) => to);
    return new Map([...byAddress].map(([to, mails]) => [to, mails.map(({ at }) => at)]));
  };
  const running = starting.move();
  return {
    smtp,
    waiting: ledger.waiting,
    hasten: ledger.hasten,
    judge: ledger.judge,
    unacknowledged,
    taken,
    async publish(address) {
      const { subject, body, headers, id } = welcomeOf(address);
      await js.publish(subject, body, { msgID: id, headers });
    },
    async untilTaken(addresses, signal) {
      for (let there = await taken(); addresses.some((address) => !there.has(address)); there = await taken())
        await sleep(250, undefined, { signal });
    },
    async untilIdle(signal) {
      while ((await unacknowledged()) + (await ledger.open()) > 0) await sleep(250, undefined, { signal });
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

type Ledger = Pick<MailStage, 'waiting' | 'hasten' | 'judge'> & {
  /** Mails that are neither sent nor ended otherwise. */
  open(): Promise<number>;
};

async function openLedger(url: string): Promise<Ledger & AsyncDisposable> {
  const client = new Client({ connectionString: url, application_name: 'chaos' });
  await client.connect();
  const count = async (states: string): Promise<number> =>
    Number((await client.query<{ n: string }>(`select count(*) as n from mail where state in (${states})`)).rows[0]?.n);
  return {
    waiting: async () => count(`'retry_wait'`),
    open: async () => count(`'accepted', 'sending', 'retry_wait'`),
    async hasten(some) {
      await client.query(hastenSql, [some]);
    },
    async judge(mails) {
      const { rows } = await client.query<{ state: string; n: string }>(
        'select state, count(*) as n from mail group by state',
      );
      const sent = Number(rows.find(({ state }) => state === 'sent')?.n);
      return {
        promise: 'every mail is sent in the end, poison too',
        found: rows.map(({ state, n }) => `${n} ${state}`).join(', '),
        holds: rows.length === 1 && sent >= mails,
      };
    },
    [Symbol.asyncDispose]: async () => client.end(),
  };
}

const hastenSql = `
  update mail set next_attempt_at = clock_timestamp() + (6 + random()) * interval '1 second' where id in (
    select id from mail where state = 'retry_wait' and next_attempt_at > clock_timestamp() + interval '8 seconds'
    order by attempts, random() limit $1)`;

function welcomeOf(email: string) {
  const { subject, payload, type, aggregateId } = emailVerified.create({
    userId: uuidv7(),
    email,
    method: 'link',
    locale: 'en',
  });
  const id = uuidv7();
  const envelope = { id, source: '/postrider/user', type, subject: aggregateId, time: new Date().toISOString() };
  const headers = createHeaders();
  for (const [name, value] of Object.entries(toHeaders(envelope))) headers.set(name, value);
  return { subject, body: JSON.stringify(payload), headers, id };
}
