// Reads the streams beside the services, as somebody who only watches: an ordered consumer a stream, which leaves nothing behind on the
// server and whose reading settles nothing for anyone.
//
// Each begins behind the last message that its stream had before the journey began, so that no message of the journey can be missed,
// however late the consumer comes into being. Everything read is kept, with the moment it arrived: who asks for an event late
// finds it all the same.
import { jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type Envelope, type EventContract, type EventOf, fromHeaders, parseData } from '@postrider/contracts';

/** An event as it was found on its stream. */
export interface Found<C extends EventContract> {
  readonly event: EventOf<C>;
  readonly stream: string;
  readonly streamSequence: number;
}

export interface StreamReader extends AsyncDisposable {
  /** The first event of the contract that fits, from those that came and those to come. Rejects when the signal gives up. */
  find<C extends EventContract>(
    contract: C,
    fits: (event: EventOf<C>) => boolean,
    signal: AbortSignal,
  ): Promise<Found<C>>;
  /** What a stream brought since the beginning, for whoever waited in vain: `user.registered.v1 #12`. */
  seenOn(stream: string): readonly string[];
}

interface Seen {
  readonly envelope: Envelope;
  readonly stream: string;
  readonly streamSequence: number;
  readonly body: Uint8Array;
}

/** Starts to read the streams as the operator, who may. */
export async function openStreamReader(operatorUrl: string, streams: readonly string[]): Promise<StreamReader> {
  await using opening = new AsyncDisposableStack();
  const { username, password, host } = new URL(operatorUrl);
  const nc = opening.adopt(
    await connect({ servers: host, user: username, pass: password, name: 'demo', timeout: 5_000 }),
    (connection) => connection.close(),
  );
  const jsm = await jetstreamManager(nc);
  const seen: Seen[] = [];
  let arrival = Promise.withResolvers<void>();
  const take = (message: JsMsg): void => {
    // Somebody may have published by hand what is no event.
    if (message.headers?.get('ce-id')) seen.push(read(message));
    arrival.resolve();
    arrival = Promise.withResolvers();
  };
  for (const name of streams) {
    const { state } = await jsm.streams.info(name);
    const consumer = await jetstream(nc).consumers.get(name, { opt_start_seq: state.last_seq + 1 });
    const messages = await consumer.consume({ callback: take });
    opening.defer(() => messages.stop());
  }
  const running = opening.move();
  return {
    async find(contract, fits, signal) {
      const givenUp = aborted(signal);
      givenUp.catch(() => undefined); // It may come long after the event was found.
      for (let next = 0; ;) {
        for (; next < seen.length; next += 1) {
          const found = match(seen[next], contract, fits);
          if (found !== undefined) return found;
        }
        await Promise.race([arrival.promise, givenUp]);
      }
    },
    seenOn: (stream) =>
      seen
        .filter((one) => one.stream === stream)
        .map(({ envelope, streamSequence }) => `${envelope.type} #${streamSequence}`),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function read({ headers, info, seq, data }: JsMsg): Seen {
  return { envelope: fromHeaders((name) => headers?.get(name)), stream: info.stream, streamSequence: seq, body: data };
}

function match<C extends EventContract>(
  seen: Seen | undefined,
  contract: C,
  fits: (event: EventOf<C>) => boolean,
): Found<C> | undefined {
  if (seen === undefined || seen.stream !== contract.stream || seen.envelope.type !== contract.type) return undefined;
  const event = { ...seen.envelope, data: parseData(contract, seen.body) };
  return fits(event) ? { event, stream: seen.stream, streamSequence: seen.streamSequence } : undefined;
}

async function aborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
