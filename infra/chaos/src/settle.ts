import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import type { Fleet } from './fleet/start-fleet.ts';

/** What is still under way somewhere. */
export interface Unfinished {
  /** Events on the to-do lists of both outboxes. */
  readonly pending: number;
  /** Mails that are neither sent nor ended otherwise. */
  readonly openMails: number;
  /** Messages that a consumer has still to handle or to acknowledge. */
  readonly unacknowledged: number;
}

export interface Settled {
  readonly isQuiet: boolean;
  readonly waitedMs: number;
  readonly unfinished: Unfinished | undefined;
}

export interface SettleOptions {
  readonly fleet: Fleet;
  readonly withinMs: number;
  readonly onLook: (unfinished: Unfinished | undefined) => void;
}

/** Waits, with everything healed, until nothing is under way, twice in a row, or the time is over. */
export async function settle({ fleet, withinMs, onLook }: SettleOptions): Promise<Settled> {
  const startedAt = performance.now();
  const waitedMs = (): number => Math.round(performance.now() - startedAt);
  let quietLooks = 0;
  for (;;) {
    const unfinished = await lookAround(fleet).catch(() => undefined); // Something is still on its way up.
    onLook(unfinished);
    quietLooks = unfinished !== undefined && sum(unfinished) === 0 ? quietLooks + 1 : 0;
    if (quietLooks === 2) return { isQuiet: true, waitedMs: waitedMs(), unfinished };
    if (waitedMs() > withinMs) return { isQuiet: false, waitedMs: waitedMs(), unfinished };
    await sleep(500);
  }
}

function sum({ pending, openMails, unacknowledged }: Unfinished): number {
  return pending + openMails + unacknowledged;
}

async function lookAround({ databases, broker }: Fleet): Promise<Unfinished> {
  const [inUser, inEmail, openMails, unacknowledged] = await Promise.all([
    count(databases.urls.user, 'select count(*) from outbox_pending'),
    count(databases.urls.email, 'select count(*) from outbox_pending'),
    count(databases.urls.email, `select count(*) from mail where state in ('accepted', 'sending', 'retry_wait')`),
    countUnacknowledged(broker.urls.operator, broker.topology.consumers),
  ]);
  return { pending: inUser + inEmail, openMails, unacknowledged };
}

async function count(databaseUrl: string, sql: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(sql);
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

async function countUnacknowledged(
  operatorUrl: string,
  consumers: Fleet['broker']['topology']['consumers'],
): Promise<number> {
  const servers = operatorUrl.split(',').map((url) => new URL(url));
  const nc = await connect({
    servers: servers.map(({ host }) => host),
    user: servers[0]?.username ?? '',
    pass: servers[0]?.password ?? '',
    timeout: 3_000,
    reconnect: false,
  });
  try {
    const manager = await jetstreamManager(nc, { timeout: 5_000 });
    let total = 0;
    for (const { stream_name: stream, config } of consumers) {
      const { num_pending: waiting, num_ack_pending: delivered } = await manager.consumers.info(
        stream,
        config.durable_name,
      );
      total += waiting + delivered;
    }
    return total;
  } finally {
    await nc.close();
  }
}
