import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** How far a durable is. */
export interface Lag {
  readonly stream: string;
  readonly durable: string;
  /** Messages that it was not sent yet. */
  readonly waiting: number;
  /** Sent and not acknowledged; of these, sent more than once. */
  readonly underWay: number;
  readonly redelivered: number;
  /** Pulls that wait for messages: 0 says that nobody listens. */
  readonly listeners: number;
  readonly pausedUntil: string | undefined;
}

/** Every durable of every stream, by name. */
export async function readLag(nc: NatsConnection): Promise<Lag[]> {
  const manager = await jetstreamManager(nc, { timeout: 5_000 });
  const lags: Lag[] = [];
  for await (const { config } of manager.streams.list())
    for await (const consumer of manager.consumers.list(config.name)) {
      if (consumer.config.durable_name === undefined) continue;
      lags.push({
        stream: config.name,
        durable: consumer.name,
        waiting: consumer.num_pending,
        underWay: consumer.num_ack_pending,
        redelivered: consumer.num_redelivered,
        listeners: consumer.num_waiting,
        pausedUntil: consumer.paused === true ? consumer.config.pause_until : undefined,
      });
    }
  return lags.toSorted((one, other) => one.durable.localeCompare(other.durable));
}
