import { randomBytes } from 'node:crypto';

/**
 * W3C trace context (https://www.w3.org/TR/trace-context/): one trace id from the HTTP request through outbox and stream to the
 * mail server. A trace is a value that is handed on, not an ambient one.
 */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** What the next one down the line is told: version, trace id, our own span's id, flags. */
  readonly traceparent: string;
}

const pattern = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-([\da-f]{2})/;

/** Goes on with the trace that a caller started, or starts one where it sent none or nonsense. */
export function continueTrace(traceparent: string | undefined): Trace {
  const match = traceparent === undefined ? null : pattern.exec(traceparent);
  const traceId = match?.[1] ?? randomBytes(16).toString('hex');
  const flags = match?.[2] ?? '01';
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}` };
}
