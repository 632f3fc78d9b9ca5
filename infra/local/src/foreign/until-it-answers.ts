// The first contact with a server that somebody else runs.
//
// Two failures must not be taken for each other. A server that is not there yet (nothing listens, its name is not known yet, it starts
// up, a proxy before it hangs up) may be there in a moment: it is tried again for a bounded time, and that is said at once, so that who
// mistyped a host sees it before the time is over. A server that answers and refuses (credentials, database, permissions, TLS) will
// refuse again: that ends the start at once. What a failure is, the protocol's own file decides; what it does not know counts as not
// there yet, for a wrong guess then costs seconds, and the other way round it would cost a start.
import { setTimeout as sleep } from 'node:timers/promises';
import { UnusableConfigError } from '../stack/unusable-config-error.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface ForeignServer {
  /** The environment variable that names it. */
  readonly variable: string;
  /** Its value. */
  readonly url: string;
  /** What is used without the variable: `the embedded PostgreSQL`. */
  readonly otherwise: string;
}

export interface Patience {
  /** How long a server may not be there. */
  readonly patienceMs: number;
  /** Gives up the waiting. */
  readonly signal: AbortSignal;
  /** Told once, when the first try found nobody. */
  readonly note: (text: string) => void;
}

/** It answers, and does not want us: `message` says what it said, `fix` what to do. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly fix: string;

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.fix = fix;
  }
}

const pauseMs = 250;

/**
 * Runs `contact` until it succeeds.
 *
 * @throws {UnusableConfigError} at once when `contact` throws a RefusedError; names variable, value without its secret, reason and fix
 * @throws an error with the same when nobody was there for the whole time
 */
export async function untilItAnswers<T>(
  { variable, url, otherwise }: ForeignServer,
  { patienceMs, signal, note }: Patience,
  contact: () => Promise<T>,
): Promise<T> {
  const subject = `${variable} is ${withoutSecrets(url)}`;
  const deadline = Date.now() + patienceMs;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await contact();
    } catch (error) {
      if (error instanceof RefusedError)
        throw new UnusableConfigError(
          `${subject}, and the server there refuses: ${error.message}. ${error.fix}, or unset ${variable} to use ${otherwise}.`,
          { cause: error },
        );
      const reason = reasonOf(error);
      if (Date.now() + pauseMs > deadline)
        throw new Error(
          `${subject}, and nothing usable answered there for ${patienceMs / 1_000} s: ${reason}. Start that server, put host and port right, or unset ${variable} to use ${otherwise}.`,
          { cause: error },
        );
      if (tries === 1) note(`${subject}, where nothing answers yet: ${reason}. Trying for ${patienceMs / 1_000} s`);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/** The codes of Node's errors on the way to a server: the error's own, its cause's, or those of several addresses. */
export function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  return [...own, ...inner.flatMap(codesOf)];
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused, nobody listens on that port',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no way leads to that host',
  ENETUNREACH: 'no way leads to that network',
  ECONNRESET: 'the connection is cut off',
};

function reasonOf(error: unknown): string {
  const known = codesOf(error).find((code) => code in words);
  if (known !== undefined) return `${words[known]} (${known})`;
  const text = error instanceof Error ? error.message : String(error);
  return text.toLowerCase().includes('timeout') ? 'no answer' : text;
}

/** Certificates that Node does not accept, and hosts they are not for. */
export function isTlsRefusal(error: unknown): boolean {
  return codesOf(error).some((code) => /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code));
}
