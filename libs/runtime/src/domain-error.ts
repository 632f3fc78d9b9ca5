/** What kind of no it is; the edge that speaks HTTP turns each into its status (see problem.ts). */
export type Refusal =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'precondition_required'
  | 'rejected'
  | 'too_many'
  | 'unavailable';

/**
 * A refusal that the caller may know about: a stable code, and a sentence. Nothing was written when it is thrown.
 * Anything else that escapes a request is a bug or an outage and reaches the client as an opaque 500 or 503.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly refusal: Refusal;
  /** Stable, snake_case: clients switch on it. */
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    refusal: Refusal,
    code: string,
    message: string,
    options: ErrorOptions & { retryAfterSeconds?: number } = {},
  ) {
    super(message, options);
    this.refusal = refusal;
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
