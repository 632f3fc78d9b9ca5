import type { EntityManager } from '@mikro-orm/postgresql';
import type { Bell } from '@postrider/outbox';
import type { SmtpTransport } from '../mail/smtp.ts';
import { acceptMails, type NewMail } from './accept-mails.ts';
import type { Claim } from './claim-attempt.ts';
import { type Closing, closeMails } from './close-mails.ts';
import { inGroups } from './in-groups.ts';
import type { MailObserver } from './observe-mails.ts';

/** What the ledger works with. */
export interface LedgerContext {
  readonly em: EntityManager;
  /** Whether the tables are there; until then everything waits. */
  readonly isMigrated: () => boolean;
  readonly bell: Pick<Bell, 'ring'>;
  /** What is written of every mail, in one transaction for all that are at it at the same time. */
  readonly groups: LedgerGroups;
  readonly transport: SmtpTransport;
  /** 32 bytes; names recipients in the database. */
  readonly recipientKey: Uint8Array;
  readonly policy: LedgerPolicy;
  readonly observer: MailObserver;
  readonly now: () => Date;
}

export interface LedgerGroups {
  accept(mail: NewMail): Promise<Claim | undefined>;
  close(closing: Closing): Promise<boolean>;
}

export function createLedgerGroups(
  context: Pick<LedgerContext, 'em' | 'bell'>,
  { leaseMs }: Pick<LedgerPolicy, 'leaseMs'>,
): LedgerGroups {
  return {
    accept: inGroups(async (mails) => acceptMails(context.em, mails, leaseMs)),
    close: inGroups(async (closings) => closeMails(context, closings)),
  };
}

export interface LedgerPolicy {
  /** Attempts a mail may spend before it is given up. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** 1; a test that can't wait five minutes for a greylisting server says 0. */
  readonly minDelayFactor: number;
  /** A longer wait is left to the schedule, and the message is acknowledged: waiting, it would take a place among the unacknowledged. */
  readonly longestHeldMs: number;
  /** How long the schedule sleeps at most; less than `longestHeldMs`, or it is late. */
  readonly scheduleEveryMs: number;
  /** How long an attempt stays its owner's without a sign of life. Renewed at a third. */
  readonly leaseMs: number;
  /** How long a send under way may go on once the service stops. */
  readonly graceMs: number;
}

export const defaultLedgerPolicy: LedgerPolicy = {
  attempts: 5,
  firstDelayMs: 1_000,
  longestDelayMs: 30_000,
  minDelayFactor: 1,
  longestHeldMs: 30_000,
  scheduleEveryMs: 5_000,
  leaseMs: 30_000,
  graceMs: 5_000,
};
