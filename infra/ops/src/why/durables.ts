import type { ConsumerInfo } from '@nats-io/jetstream';
import { topology } from '@postrider/topology';
import type { StoredMessage } from '../nats.ts';
import { subjectMatches } from '../subject-matches.ts';
import type { DurableFacts } from './facts.ts';
import type { StreamRecords } from './stream-records.ts';

/**
 * Who wants an event, and how far they are. As infra declares them, and without a position, where the server can't be asked.
 *
 * @param consumers by stream, as the server has them
 */
export function durablesOf(
  subject: string,
  messages: readonly StoredMessage[] | undefined,
  consumers: StreamRecords['consumers'] | undefined,
): DurableFacts[] {
  if (consumers === undefined)
    return topology.consumers
      .filter(({ config }) => wants(config.filter_subjects, subject))
      .map(({ config }) => ({ durable: config.durable_name, isForMail: isForMail(config) }));
  return [...consumers.values()].flat().flatMap(({ config, ...info }) => {
    const { durable_name: durable } = config;
    const filters = config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject]);
    if (durable === undefined) return [];
    const message = messages?.findLast((one) => one.stream === info.stream_name && wants(filters, one.subject));
    if (message === undefined && !(filters.length > 0 && wants(filters, subject))) return [];
    const position = message && { position: positionOf(info, message.sequence) };
    return [{ durable, isForMail: isForMail({ ...config, durable_name: durable }), ...position }];
  });
}

/** The durables of the email service are named for it, and say so where no mail comes of their events. */
function isForMail({
  durable_name: durable,
  metadata,
}: {
  durable_name: string;
  metadata?: Record<string, string>;
}): boolean {
  return durable.startsWith('email-') && metadata?.['postrider.mails'] !== 'none';
}

function wants(filters: readonly string[], subject: string): boolean {
  return filters.length === 0 || filters.some((filter) => subjectMatches(filter, subject));
}

/** The server tells how far a durable is, not which messages behind that are still open: one between both marks may be done. */
function positionOf(info: Omit<ConsumerInfo, 'config'>, sequence: number): DurableFacts['position'] {
  const isDone = info.ack_floor.stream_seq >= sequence || info.num_ack_pending === 0;
  const state = info.delivered.stream_seq < sequence ? 'waits' : isDone ? 'done' : 'under way';
  return {
    state,
    undelivered: info.num_pending,
    unacknowledged: info.num_ack_pending,
    redelivered: info.num_redelivered,
  };
}
