import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import { UsageError } from '../command.ts';

/**
 * A durable by its name alone, whichever stream it is on.
 *
 * @throws {UsageError} when there is none, naming those there are
 */
export async function findDurable(manager: JetStreamManager, durable: string): Promise<ConsumerInfo> {
  const known: string[] = [];
  for await (const { config } of manager.streams.list())
    for await (const consumer of manager.consumers.list(config.name)) {
      if (consumer.name === durable) return consumer;
      if (consumer.config.durable_name !== undefined) known.push(consumer.name);
    }
  throw new UsageError(`There is no durable "${durable}". There are: ${known.toSorted().join(', ')}.`);
}
