import type { SmtpFailure, SmtpPhase } from './smtp-error.ts';

/** What a failed send means for the mail, and whose problem it is. */
export type Verdict =
  /** The provider can't be used at all, or is set up wrongly: no mail's attempt is spent, intake pauses, a probe decides. */
  | { readonly fate: 'outage'; readonly alert: boolean; readonly reason: string }
  /** Not now. `spends` is false where the server, not this mail, is the reason. */
  | {
      readonly fate: 'retry';
      readonly spends: boolean;
      readonly minDelayMs: number;
      readonly alert: boolean;
      readonly reason: string;
    }
  /** The recipient's end, for good. `suppress` says when later mail to the address should be held back. */
  | { readonly fate: 'bounced'; readonly suppress: 'now' | 'counted' | 'never'; readonly reason: string }
  /** Refused for good for what we sent or who we are: somebody must look. Never held against the recipient. */
  | { readonly fate: 'failed'; readonly reason: string }
  /** The server may or may not have the mail. */
  | { readonly fate: 'ambiguous'; readonly reason: string };

const second = 1_000;
const minute = 60 * second;

/**
 * What reply code, enhanced code (RFC 3463) and phase mean. The first row of a table that fits decides, so their order is part of the
 * meaning: more specific rows stand first. Pure.
 */
export function classify(failure: SmtpFailure): Verdict {
  const { phase, replyCode } = failure;
  if (failure.code === 'ETLS' || failure.code === 'EREQUIRETLS') return misconfigured('TLS failed');
  if (replyCode === undefined) return classifySilence(failure);
  if ([530, 534, 535].includes(replyCode)) return misconfigured('the server refuses our credentials');
  if (phase === 'connect')
    return replyCode >= 500 ? misconfigured('the server refuses us') : outage('the server is not ready');
  return classifyReply(replyCode >= 500 ? refusals : deferrals, failure, replyCode);
}

/** No reply: either nothing was sent, or everything was. */
function classifySilence({ phase, code }: SmtpFailure): Verdict {
  if (phase === 'sent') return { fate: 'ambiguous', reason: 'sent, and the answer was lost' };
  if (code === 'EAUTH' || code === 'ENOAUTH') return misconfigured('log-in failed');
  // Our own library refused what we gave it; no server was asked.
  if (code === 'EENVELOPE' || code === 'EMESSAGE' || code === 'ESTREAM') return failed('content: it can’t be sent');
  return outage(phase === 'connect' ? 'unreachable' : 'the connection was dropped before the data was complete');
}

function classifyReply(rows: readonly Row[], failure: SmtpFailure, replyCode: number): Verdict {
  const { phase, enhancedCode = '' } = failure;
  const row = rows.find(
    ({ codes, enhanced, phases }) =>
      (codes?.includes(replyCode) ?? true) &&
      (enhanced?.test(enhancedCode) ?? true) &&
      (phases?.includes(phase) ?? true),
  );
  return row?.means ?? failed(`refused at ${phase}`);
}

/** Fits when every member that is given does. */
interface Row {
  readonly codes?: readonly number[];
  readonly enhanced?: RegExp;
  readonly phases?: readonly SmtpPhase[];
  readonly means: Verdict;
}

/** 4xx: not now. */
const deferrals: readonly Row[] = [
  { codes: [450, 451], enhanced: /^4\.7\.1$/, means: retry('greylisted', { minDelayMs: 5 * minute }) },
  { codes: [454], enhanced: /^4\.7\.0$/, means: providerTransient('security negotiation failed for now') },
  { enhanced: /^4\.7\./, means: retry('reputation: policy', { minDelayMs: 15 * minute, alert: true }) },
  { codes: [421], means: providerTransient('the server is closing') },
  { enhanced: /^4\.2\./, means: retry('mailbox full or slow', { minDelayMs: 15 * minute }) },
  { enhanced: /^4\.5\.3$/, means: retry('too many recipients') },
  { means: retry('deferred') },
];

/** 5xx: never. */
const refusals: readonly Row[] = [
  { enhanced: /^5\.1\.[78]$/, means: failed('ours: sender refused') },
  { enhanced: /^5\.7\./, means: failed('ours: policy') },
  { enhanced: /^5\.1\./, phases: ['rcpt', 'sent'], means: bounced('no such address', 'now') },
  { enhanced: /^5\.2\.1$/, means: bounced('mailbox disabled', 'counted') },
  { enhanced: /^5\.2\.2$/, means: bounced('mailbox full', 'never') },
  { enhanced: /^5\.(3\.4$|6\.)/, means: failed('content: refused') },
  { codes: [552], phases: ['rcpt'], means: retry('too much for now') }, // RFC 5321 §4.5.3.1.10: read it as 452.
  { codes: [551, 553], phases: ['rcpt'], means: bounced('bad address', 'now') },
  { codes: [554], means: failed('ours: policy or blocklist') },
];

function outage(reason: string): Verdict {
  return { fate: 'outage', alert: false, reason };
}

/** Nothing of ours gets through until somebody changes a setting. Never a reason to fall back to clear text. */
function misconfigured(reason: string): Verdict {
  return { fate: 'outage', alert: true, reason: `configuration: ${reason}` };
}

function providerTransient(reason: string): Verdict {
  return retry(reason, { spends: false, minDelayMs: minute });
}

function retry(reason: string, options: { spends?: boolean; minDelayMs?: number; alert?: boolean } = {}): Verdict {
  return { fate: 'retry', spends: true, minDelayMs: second, alert: false, reason, ...options };
}

function bounced(reason: string, suppress: 'now' | 'counted' | 'never'): Verdict {
  return { fate: 'bounced', suppress, reason };
}

function failed(reason: string): Verdict {
  return { fate: 'failed', reason };
}
