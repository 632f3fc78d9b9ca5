import { type JsMsg, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Nats } from './connect.ts';
import { publishDeadLetter } from './dead-letters/publish-dead-letter.ts';
import { startPullLoop } from './pull-loop.ts';
import { backoffMs } from './settlement.ts';
import type { ConsumerDeclaration } from './topology.ts';

/**
 * The theory. When the server has delivered a message `max_deliver` times it stops, leaves the message where it is, and says so once, in
 * an advisory; nobody holds the message then, and no handler will. The stream ADVISORIES keeps what it said, and the
 * sweeper of the service that owns the durable copies the message to the dead letters, under the id that the
 * subscription would have used: whichever of the two comes second stores nothing.
 *
 * It runs in the service, beside the subscriptions: that identity may read these messages and write these letters anyway.
 */
export interface Sweeper extends AsyncDisposable {
  health(): { status: 'up' | 'down' | 'starting'; detail?: string };
}

export interface SweeperOptions {
  readonly nats: Nats;
  /** The durable on ADVISORIES whose filter names the service's own durables. */
  readonly declaration: ConsumerDeclaration;
  readonly log: Logger;
}

/** Starts sweeping; returns at once and works in the background. */
export function startSweeper({ nats, declaration, log: parent }: SweeperOptions): Sweeper {
  const log = parent.child({ durable: declaration.config.durable_name });
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = startPullLoop({
    nats,
    declaration,
    concurrency: 1,
    take: async (message) => sweep({ nats, log }, message),
    untilReady: async () => undefined,
    log,
    signal,
  });
  return {
    health: loop.health,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await loop[Symbol.asyncDispose]();
    },
  };
}

/** One advisory to its end. It is acknowledged when the letter is stored, or when there is nothing left to bury. */
async function sweep({ nats, log }: Pick<SweeperOptions, 'nats' | 'log'>, message: JsMsg): Promise<void> {
  const advisory = advisorySchema.safeParse(readJson(message));
  if (!advisory.success) {
    log.error({ streamSequence: message.info.streamSequence }, 'advisory not understood: left aside');
    return message.term('not understood');
  }
  const { stream, consumer, stream_seq: streamSequence, deliveries } = advisory.data;
  const subjectOfLog = { stream, consumer, streamSequence, deliveries };
  try {
    const nc = nats.current();
    if (nc === undefined) throw new Error('NATS is not connected.');
    const isBuried = await buryByAdvisory(nc, advisory.data);
    await message.ackAck();
    if (isBuried) log.error(subjectOfLog, 'event given up by the server: see the dead letters');
    else log.warn(subjectOfLog, 'event given up by the server, and no longer in its stream: expired or purged');
  } catch (error) {
    log.warn({ err: error, ...subjectOfLog }, 'advisory not swept: trying again');
    const delayMs = backoffMs(message.info.deliveryCount, { firstDelayMs: 1_000, longestDelayMs: 30_000 });
    if (nats.current() !== undefined) message.nak(delayMs); // Otherwise it comes again after its ack_wait.
  }
}

async function buryByAdvisory(nc: NatsConnection, advisory: z.infer<typeof advisorySchema>): Promise<boolean> {
  const { stream, consumer, stream_seq: sequence, deliveries } = advisory;
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  const stored = await manager.direct.getMessage(stream, { seq: sequence });
  if (stored === null) return false;
  const { subject, header: headers, data } = stored;
  const reason = `after ${deliveries} deliveries: none of them came to an end; does the handler kill its process?`;
  const storedAtMs = stored.time.getTime();
  await publishDeadLetter(nc, { stream, consumer, sequence, deliveries, subject, headers, data, storedAtMs }, reason);
  return true;
}

/** https://github.com/nats-io/jsm.go `schemas/jetstream/advisory/v1/max_deliver.json` */
const advisorySchema = z.object({
  stream: z.string(),
  consumer: z.string(),
  stream_seq: z.int(),
  deliveries: z.int(),
});

function readJson(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
