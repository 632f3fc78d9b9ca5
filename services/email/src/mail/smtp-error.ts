/**
 * How far an SMTP session came when it failed. `connect` reaches from DNS to the end of EHLO and log-in; `mail`, `rcpt` and `data`
 * are the commands of the envelope; `sent` begins when the last byte of the message, its final dot, went to the socket: from
 * there on the server may have taken the mail, whatever we hear.
 */
export type SmtpPhase = 'connect' | 'mail' | 'rcpt' | 'data' | 'sent';

/** What a failed send is judged by; `classify` does. */
export interface SmtpFailure {
  readonly phase: SmtpPhase;
  /** The server's reply code; absent where it did not answer. */
  readonly replyCode?: number | undefined;
  /** RFC 3463, as in `5.1.1`. */
  readonly enhancedCode?: string | undefined;
  /** nodemailer's or the system's code: `ETLS`, `ECONNREFUSED`. */
  readonly code?: string | undefined;
}

/**
 * A send that ended without a 250. Holds no text of the server: replies repeat addresses, and an error is logged whole. For the
 * same reason it has no `cause`.
 */
export class SmtpError extends Error implements SmtpFailure {
  override readonly name = 'SmtpError';
  readonly phase: SmtpPhase;
  readonly replyCode: number | undefined;
  readonly enhancedCode: string | undefined;
  readonly code: string | undefined;

  constructor(failure: SmtpFailure) {
    super(describe(failure));
    this.phase = failure.phase;
    this.replyCode = failure.replyCode;
    this.enhancedCode = failure.enhancedCode;
    this.code = failure.code;
  }
}

function describe({ phase, replyCode, enhancedCode, code }: SmtpFailure): string {
  if (replyCode !== undefined)
    return `The mail server answered ${[replyCode, enhancedCode].filter(Boolean).join(' ')} at ${phase}.`;
  if (phase === 'sent') return `The mail was sent and the answer was lost (${code ?? 'no code'}).`;
  return `The mail server can't be used: ${code ?? 'the connection ended'} at ${phase}.`;
}
