import { randomFillSync } from 'node:crypto';

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
  const traceId = match?.[1] ?? randomHex(16);
  const flags = match?.[2] ?? '01';
  return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${flags}` };
}

/** Drawn ahead for many: asking for a few random bytes at a time costs more than all else that is done for a request's trace. */
const drawn = Buffer.alloc(4_096);
let taken = drawn.length;

function randomHex(bytes: number): string {
  if (taken + bytes > drawn.length) {
    randomFillSync(drawn);
    taken = 0;
  }
  taken += bytes;
  return drawn.toString('hex', taken - bytes, taken);
}
