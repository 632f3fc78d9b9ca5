import type { JetStreamManager } from '@nats-io/jetstream';
import type { ConsumerState } from '../facts.ts';

/** Where the consumers are. One that does not exist has seen nothing: everything waits. */
export async function readConsumers(
  manager: JetStreamManager,
  mailDurables: readonly { readonly stream: string; readonly durable: string }[],
): Promise<ConsumerState[]> {
  const states: ConsumerState[] = [];
  for await (const name of manager.streams.names()) states.push(...(await consumersOf(manager, name, mailDurables)));
  return states;
}

async function consumersOf(
  manager: JetStreamManager,
  stream: string,
  mailDurables: readonly { readonly stream: string; readonly durable: string }[],
): Promise<ConsumerState[]> {
  const states: ConsumerState[] = [];
  for await (const info of manager.consumers.list(stream)) {
    const { durable_name: durable, filter_subject: filter, filter_subjects: filters } = info.config;
    if (durable === undefined || durable === '') continue;
    states.push({
      stream,
      durable,
      filters: filters ?? [filter === undefined || filter === '' ? '>' : filter],
      ackFloor: info.ack_floor.stream_seq,
      delivered: info.delivered.stream_seq,
      deliveries: info.delivered.consumer_seq,
      owesMails: mailDurables.some((one) => one.stream === stream && one.durable === durable),
    });
  }
  return states;
}
