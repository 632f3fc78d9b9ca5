import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { DeadLetter } from './dead-letter.ts';

/**
 * The trail of what operators did to dead letters, in the stream DEAD_LETTER_AUDIT: `audit.dead_letters.<action>.<durable>`. Nobody deletes
 * from it (`deny_delete`, `deny_purge`), and it names letters without holding any of their contents. The entry is stored
 * before the action is taken, so there is no action without one; a letter that is still there says that its action came to no end.
 */
export interface AuditEntry {
  readonly at: string;
  readonly action: 'replay' | 'discard';
  /** Who, and what for, in their own words. */
  readonly by: string;
  readonly because: string;
  /** The letter's number in DEAD_LETTERS. */
  readonly letter: number;
  readonly durable: string;
  readonly subject: string;
  readonly type?: string | undefined;
  readonly eventId?: string | undefined;
  /** Why it had died. */
  readonly reason: string;
  /** The new message's id. */
  readonly messageId?: string | undefined;
  /** Members of the data that were changed for it. */
  readonly edited?: readonly string[] | undefined;
}

export const auditStream = 'DEAD_LETTER_AUDIT';

/** Who acts, and what for. Neither may be empty. */
export interface Actor {
  readonly by: string;
  readonly because: string;
}

/** @throws when the stream does not confirm it: then the action must not be taken */
export async function writeAudit(
  nc: NatsConnection,
  letter: DeadLetter,
  entry: Actor & Pick<AuditEntry, 'action' | 'messageId' | 'edited'>,
): Promise<void> {
  if (entry.by.trim() === '' || entry.because.trim() === '')
    throw new Error('Say who you are and what you do it for: the audit trail keeps both.');
  const { sequence, durable, subject, type, eventId, reason } = letter;
  const whole: AuditEntry = {
    at: new Date().toISOString(),
    ...entry,
    letter: sequence,
    durable,
    subject,
    type,
    eventId,
    reason,
  };
  const to = `audit.dead_letters.${entry.action}.${durable || 'unknown'}`;
  await jetstream(nc, { timeout: 5_000 }).publish(to, JSON.stringify(whole), { expect: { streamName: auditStream } });
}

/** The trail, oldest first. */
export async function* readAudit(nc: NatsConnection): AsyncGenerator<AuditEntry> {
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  const { state } = await manager.streams.info(auditStream);
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const stored = await manager.direct.getMessage(auditStream, { seq, next_by_subj: 'audit.dead_letters.>' });
    if (stored === null) return;
    seq = stored.seq;
    yield entrySchema.parse(stored.json());
  }
}

/** Written by us, and by hand with nothing but the `nats` CLI. */
const entrySchema = z.object({
  at: z.string(),
  action: z.enum(['replay', 'discard']),
  by: z.string(),
  because: z.string(),
  letter: z.int(),
  durable: z.string().default(''),
  subject: z.string().default(''),
  type: z.string().optional(),
  eventId: z.string().optional(),
  reason: z.string().default(''),
  messageId: z.string().optional(),
  edited: z.array(z.string()).optional(),
});
