import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { StreamAPI } from '@nats-io/jetstream';

/**
 * Whether another message than the last one of this subject certainly stands at the sequence.
 *
 * The publisher of a private stream may not read it, and must not have to: the sequence of a subject's last message can be had by a publish
 * that the server must refuse, since it expects a last sequence that can't be (10071, "wrong last sequence: <n>"). What stands at
 * the sequence when that is another one's is either a hole (purged, expired), which the stream's state tells, or another message.
 * A later message on the subject leaves it open; then nothing is certain.
 *
 * @throws when there is no answer, or none that is understood
 */
export async function isReplaced(
  nc: NatsConnection,
  streams: StreamAPI,
  { stream, subject }: { readonly stream: string; readonly subject: string },
  position: number,
): Promise<boolean> {
  const last = await lastSequence(nc, stream, subject);
  if (last >= position) return false;
  const { state } = await streams.info(stream, { deleted_details: true });
  const holes: readonly number[] | undefined = state.deleted; // Absent when there is none.
  const isHole = position < state.first_seq || (holes ?? []).includes(position);
  return !isHole && position <= state.last_seq;
}

async function lastSequence(nc: NatsConnection, stream: string, subject: string): Promise<number> {
  const headers = createHeaders();
  headers.set('Nats-Expected-Stream', stream);
  headers.set('Nats-Expected-Last-Subject-Sequence', `${Number.MAX_SAFE_INTEGER}`);
  const reply = await nc.request(subject, '', { headers, timeout: 5_000 });
  const { error }: { error?: { err_code: number; description: string } } = reply.json();
  const sequence = error?.err_code === 10_071 ? /\d+$/.exec(error.description)?.[0] : undefined;
  if (sequence === undefined)
    throw new Error(`The stream ${stream} does not tell its last sequence of ${subject}: ${reply.string()}.`);
  return Number(sequence);
}
