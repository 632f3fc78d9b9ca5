import { type ConsumerDeclaration, type StreamDeclaration, type Topology } from '@postrider/messaging';
import { topology as declared } from '@postrider/topology';
import { accountOpened } from './contract.ts';

/** The stream is the product's own USER_EVENTS under another name, the durables are its own with more in flight. */
export function benchTopology(durables: number, replicas: 1 | 3 = 1): Topology {
  const [userEvents, ...others] = ['USER_EVENTS', 'SUSPECTS', 'DEAD_LETTERS'].map((name) => ({
    ...declaredStream(name),
    num_replicas: replicas,
  }));
  const stream = {
    ...userEvents,
    name: 'BENCH',
    subjects: ['account.v1.>', 'account.retry.>'],
    max_bytes: 4 * 2 ** 30,
  };
  const consumers = Array.from({ length: durables }, (_, index) => benchConsumer(durableNumber(index)));
  return { streams: [stream, ...others.filter((one) => one !== undefined)], consumers };
}

export function durableNumber(index: number): string {
  return `bench-${index + 1}`;
}

export function benchConsumer(durable: string): ConsumerDeclaration {
  return {
    stream_name: accountOpened.stream,
    config: {
      durable_name: durable,
      filter_subjects: [accountOpened.filter, `account.retry.${durable}.>`],
      deliver_policy: 'all',
      replay_policy: 'instant',
      ack_policy: 'explicit',
      ack_wait: 30e9,
      max_deliver: 100,
      max_ack_pending: 5_000,
    },
  };
}

function declaredStream(name: string): StreamDeclaration {
  const stream = declared.streams.find((one) => one.name === name);
  if (stream === undefined) throw new Error(`infra/nats/streams declares no ${name}.`);
  return stream;
}
