// The conservation law, by id and without I/O:
//
//   committed events = consumed + waiting + parked + dead-lettered + expired, for every consumer;
//   mails owed = sent + suppressed + bounced + expired + failed + waiting + ambiguous;
//   per aggregate the number of an event at its first sight in the stream never decreases.
//
// What fits nowhere is a finding, and a finding is a bug of the system or of the auditor; there is no third kind. So every explanation that
// is accepted here is named in facts.ts and carries its own evidence.
import type { Facts } from './facts.ts';
import { type ConsumerAccount, judgeEvents } from './judge-events.ts';
import { judgeMails, type MailAccount } from './judge-mails.ts';
import { judgeStreams, type StreamAccount } from './judge-streams.ts';

/** Something that nobody can explain. */
export interface Finding {
  readonly kind:
    | 'lost event'
    | 'no effect'
    | 'never committed'
    | 'out of order'
    | 'mail without event'
    | 'two mails for one event'
    | 'forgotten mail'
    | 'never taken'
    | 'doubled mail'
    | 'mail nobody owes';
  /** Of the event or of the mail. */
  readonly id: string;
  readonly text: string;
}

export interface Verdict {
  readonly streams: readonly StreamAccount[];
  readonly consumers: readonly ConsumerAccount[];
  readonly mails?: MailAccount;
  readonly unexplained: readonly Finding[];
}

export function judge(facts: Facts): Verdict {
  const streams = judgeStreams(facts);
  const events = judgeEvents(facts);
  const mails = facts.ledger && judgeMails(facts, facts.ledger, events.places);
  return {
    streams: streams.accounts,
    consumers: events.accounts,
    ...(mails && { mails: mails.account }),
    unexplained: [...streams.findings, ...events.findings, ...(mails?.findings ?? [])],
  };
}
