import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  jetstreamManager,
  type StreamAPI,
} from '@nats-io/jetstream';
import { errors, headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import { toHeaders } from '@postrider/contracts';
import type { Logger } from 'pino';
import type { Nats } from './connect.ts';
import { observePublishing } from './observe-publishing.ts';

/** An event from somebody's log, to be put on its stream. */
export interface EventToPublish {
  readonly id: string;
  readonly eventId: string;
  readonly stream: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly subject: string;
  /** Envelope attributes that were stored with it: traceparent, tracestate, correlationId, causationId. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
  readonly recordedAt: Date;
  readonly expiresAt: Date | null;
}

/** What became of it: stored (now or earlier, under the same id), or refused for what it is and for ever. */
export type PublishAnswer =
  | {
      readonly stored: true;
      /** The message's sequence in the stream. */
      readonly position: number;
      readonly isDuplicate: boolean;
    }
  | { readonly stored: false; readonly reason: string };

export interface Publisher {
  /** @throws when there is no answer, or "not now": publish again with the same id, the stream keeps one */
  publish(event: EventToPublish): Promise<PublishAnswer>;
  /** @throws while NATS or the stream is not there */
  inspect(stream: string): Promise<{ identity: string; lastPosition: number; maxAgeMs: number | undefined }>;
  /** Changes with every connection. */
  generation(): number;
  /** The `ce-sequence` of the last message of {@link PublisherOptions.sequenceFrom}; undefined when there is none. */
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
    async publish(recorded) {
      const nc = connected();
      if (client?.nc !== nc) client = { nc, js: jetstream(nc, { timeout: 5_000 }) };
      const { headers, end } = observer.begin(recorded);
      const event = { ...recorded, headers };
      try {
        const { seq, duplicate } = await client.js.publish(event.subject, event.body, {
          msgID: event.eventId,
          headers: messageHeaders(event, source), // Fresh each time: publish() writes into them.
          expect: { streamName: event.stream },
          retries: 0, // The relay owns retries, and knows the order.
          ...(event.expiresAt !== null && { ttl: `${secondsLeft(event.expiresAt)}s` }),
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
    generation: nats.generation,
    async inspect(stream) {
      const { created, state, config } = await (await streams()).info(stream);
      // Made anew, a stream has another time of creation.
      return {
        identity: created,
        lastPosition: state.last_seq,
        maxAgeMs: config.max_age === 0 ? undefined : config.max_age / 1e6,
      };
    },
    async highestId() {
      if (sequenceFrom === undefined) return undefined;
      const { stream, subject } = sequenceFrom;
      const last = await (await streams()).getMessage(stream, { last_by_subj: subject });
      return last?.header.get('ce-sequence') || undefined;
    },
  };
}

function messageHeaders(event: EventToPublish, source: string): ReturnType<typeof createHeaders> {
  const headers = createHeaders();
  const envelope = {
    ...event.headers,
    id: event.eventId,
    source,
    type: event.type,
    subject: event.aggregateId,
    time: event.recordedAt.toISOString(),
    sequence: event.id,
  };
  for (const [name, value] of Object.entries(toHeaders(envelope))) headers.append(name, value);
  return headers;
}

function identify({ eventId, type, subject, headers }: EventToPublish): Record<string, unknown> {
  return { eventId, type, subject, traceId: headers['traceparent']?.split('-')[1] };
}

/** Whole seconds, rounded down: nothing outlives its end. The outbox settles what has less than one left. */
function secondsLeft(expiresAt: Date): number {
  return Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1_000));
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
