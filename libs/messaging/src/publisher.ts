import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  jetstreamManager,
  type StreamAPI,
} from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { type BatchToCommit, stageBatch } from './batch.ts';
import type { Nats } from './connect.ts';
import { type EventToPublish, messageHeaders } from './event-message.ts';
import { highestSequence } from './highest-sequence.ts';
import { isReplaced } from './is-replaced.ts';
import { observePublishing } from './observe-publishing.ts';

/** What became of it: stored (now or earlier, under the same id), or refused for what it is and for ever. */
export type PublishAnswer =
  | {
      readonly stored: true;
      /** The message's sequence in the stream. */
      readonly position: number;
      readonly isDuplicate: boolean;
    }
  | { readonly stored: false; readonly reason: string };

/** What a stream is like now. */
export interface StreamLook {
  /** Its time of creation: made anew, it has another one. */
  readonly identity: string;
  readonly lastPosition: number;
  readonly maxAgeMs: number | undefined;
  /** `allow_atomic`; a server older than 2.12 does not know it. */
  readonly takesBatches: boolean;
}

export interface Publisher {
  /** @throws when there is no answer, or "not now": publish again with the same id, the stream keeps one */
  publish(event: EventToPublish): Promise<PublishAnswer>;
  /** Hands over up to 1,000 events of one stream as an atomic batch, all but its commit (`batch.ts`). @throws when one is too large */
  stageBatch(events: readonly EventToPublish[]): BatchToCommit;
  /** @throws while NATS or the stream is not there */
  inspect(stream: string): Promise<StreamLook>;
  /** Whether another message than this event's certainly stands at this sequence. Reads no message (`is-replaced.ts`). */
  isReplaced(event: { readonly stream: string; readonly subject: string }, position: number): Promise<boolean>;
  /** Changes with every connection. */
  generation(): number;
  /** The highest `ce-sequence` at the end of {@link PublisherOptions.sequenceFrom}; undefined when there is none. */
  highestId(): Promise<string | undefined>;
}

export interface PublisherOptions {
  readonly nats: Nats;
  /** Who says so, CloudEvents `ce-source`: `/postrider/user`. */
  readonly source: string;
  /** A stream of this source, and the subjects in it that carry its own numbers. */
  readonly sequenceFrom?: { readonly stream: string; readonly subject: string };
  readonly log: Logger;
}

/** Publishes as one source. */
export function createPublisher({ nats, source, sequenceFrom, log }: PublisherOptions): Publisher {
  let client: { nc: NatsConnection; js: JetStreamClient } | undefined;
  const connected = (): NatsConnection => {
    const nc = nats.current();
    if (nc === undefined) throw new Error('NATS is not connected.');
    return nc;
  };
  const streams = async (): Promise<StreamAPI> =>
    (await jetstreamManager(connected(), { timeout: 5_000, checkAPI: false })).streams;
  const observer = observePublishing();
  return {
    async publish(event) {
      const nc = connected();
      if (client?.nc !== nc) client = { nc, js: jetstream(nc, { timeout: 5_000 }) };
      const { headers, end } = observer.begin(event);
      try {
        const { seq, duplicate } = await client.js.publish(event.subject, event.body, {
          headers: messageHeaders(event, source, headers), // Fresh each time: publish() writes into them.
          expect: { streamName: event.stream },
          retries: 0, // The relay owns retries, and knows the order.
        });
        end('stored');
        log.info(identify(event), 'event published');
        return { stored: true, position: seq, isDuplicate: duplicate };
      } catch (error) {
        const reason = refusalForEver(error);
        end(reason === undefined ? 'failed' : 'refused');
        if (reason === undefined) throw error;
        return { stored: false, reason };
      }
    },
    stageBatch: (events) => stageEvents({ nc: connected(), source, observer, log }, events),
    generation: nats.generation,
    async inspect(stream) {
      const { created, state, config } = await (await streams()).info(stream);
      return {
        identity: created,
        lastPosition: state.last_seq,
        maxAgeMs: config.max_age === 0 ? undefined : config.max_age / 1e6,
        takesBatches: config.allow_atomic === true,
      };
    },
    isReplaced: async (event, position) => isReplaced(connected(), await streams(), event, position),
    highestId: async () => (sequenceFrom === undefined ? undefined : highestSequence(await streams(), sequenceFrom)),
  };
}

interface BatchParts {
  readonly nc: NatsConnection;
  readonly source: string;
  readonly observer: ReturnType<typeof observePublishing>;
  readonly log: Logger;
}

function stageEvents({ nc, source, observer, log }: BatchParts, events: readonly EventToPublish[]): BatchToCommit {
  const observed = events.map((event) => ({ event, ...observer.begin(event) }));
  const messages = observed.map(({ event, headers }) => ({
    subject: event.subject,
    body: event.body,
    headers: messageHeaders(event, source, headers),
  }));
  const [{ stream } = { stream: '' }] = events;
  const batch = stageBatch(nc, stream, messages);
  return {
    async commit() {
      try {
        const { firstPosition } = await batch.commit();
        for (const { end } of observed) end('stored');
        log.info({ stream, events: events.length, firstPosition }, 'batch of events published');
        return { firstPosition };
      } catch (error) {
        for (const { end } of observed) end('failed');
        throw error;
      }
    },
  };
}

function identify({ eventId, type, subject, headers }: EventToPublish): Record<string, unknown> {
  return { eventId, type, subject, traceId: headers['traceparent']?.split('-')[1] };
}

/** Errors that no later attempt can cure. Everything else (no answer, no leader, a full stream) passes. */
function refusalForEver(error: unknown): string | undefined {
  if (error instanceof errors.InvalidArgumentError && error.message.includes('payload'))
    return 'The message is larger than the server takes.';
  if (error instanceof JetStreamApiError && foreverCodes.has(error.code))
    return `The stream answers ${error.code}: ${error.message}.`;
  return undefined;
}

/** 10054 message size exceeds maximum allowed; 10060 expected stream does not match: the subject is another stream's. */
const foreverCodes = new Set([10_054, 10_060]);
