import { z } from 'zod';
import type { EventContract } from './define-event.ts';

/**
 * The envelope: CloudEvents 1.0, NATS protocol binding, binary mode. Attributes travel as lower-case `ce-*` headers with
 * percent-encoded values, the body is the data as plain JSON, so that `nats sub` shows something readable.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/nats-protocol-binding.md
 */
export interface Envelope {
  /** UUIDv7, minted once when the event is recorded; the same in every copy, so it is what consumers deduplicate by. */
  readonly id: string;
  /** Who says so: `/postrider/user`. */
  readonly source: string;
  /** `user.registered.v1`. */
  readonly type: string;
  /** The aggregate: the user's id, for events about users. */
  readonly subject: string;
  /** When the event was stored with its transaction (ISO 8601). */
  readonly time: string;
  /** Number in the publisher's event log: grows with time for one aggregate, has gaps. */
  readonly sequence?: string | undefined;
  readonly correlationId?: string | undefined;
  /** The event that made this one happen. */
  readonly causationId?: string | undefined;
  /** W3C trace context of the unit of work that recorded it. */
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** An event as a handler receives it: the envelope, and the data its contract promises. */
export type EventOf<C extends EventContract> = Envelope & { readonly data: z.infer<C['schema']> };

/** The headers of a message that carries the event. */
export function toHeaders(envelope: Envelope): Record<string, string> {
  const headers: Record<string, string> = {
    'ce-specversion': '1.0',
    'ce-datacontenttype': 'application/json',
    'ce-dataschema': `/schemas/${envelope.type}.json`,
  };
  for (const [member, header] of attributes) {
    const value = envelope[member];
    if (value !== undefined) headers[header] = header.startsWith('ce-') ? encode(value) : value;
  }
  return headers;
}

/**
 * Reads the envelope from a message's headers.
 *
 * @param get looks a header up, whatever the case of its name
 * @throws {ContractViolation} naming every attribute that is missing or malformed
 */
export function fromHeaders(get: (name: string) => string | undefined): Envelope {
  const read = Object.fromEntries(
    attributes.map(([member, header]) => {
      const value = get(header) || undefined;
      return [member, value !== undefined && header.startsWith('ce-') ? decode(value) : value];
    }),
  );
  const parsed = envelopeSchema.safeParse(read);
  if (parsed.success) return parsed.data;
  throw new ContractViolation(`The headers are no CloudEvent: ${describe(parsed.error)}.`);
}

/**
 * Reads the data of a message by its contract.
 *
 * @throws {ContractViolation} when the body is no JSON or breaks the schema; values never stand in the message
 */
export function parseData<C extends EventContract>(contract: C, body: Uint8Array): z.infer<C['schema']> {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch (error) {
    throw new ContractViolation(`The body of ${contract.type} is no JSON.`, { cause: error });
  }
  const parsed = contract.schema.safeParse(json);
  // The schema's own output type: TypeScript loses it on the way through the generic.
  if (parsed.success) return parsed.data as z.infer<C['schema']>;
  throw new ContractViolation(`The data breaks ${contract.type}: ${describe(parsed.error)}.`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A message that no contract explains. Sending it again can't help, so it goes to the dead letters. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

const attributes = [
  ['id', 'ce-id'],
  ['source', 'ce-source'],
  ['type', 'ce-type'],
  ['subject', 'ce-subject'],
  ['time', 'ce-time'],
  ['sequence', 'ce-sequence'],
  ['correlationId', 'ce-correlationid'],
  ['causationId', 'ce-causationid'],
  ['traceparent', 'traceparent'],
  ['tracestate', 'tracestate'],
] as const satisfies readonly (readonly [keyof Envelope, string])[];

const envelopeSchema = z.object({
  id: z.string().describe('The event’s id, the same in every copy: what to deduplicate by. A UUIDv7.'),
  source: z.string().describe('The service that says so, `/postrider/user`.'),
  type: z.string().describe('Name and version, `user.registered.v1`.'),
  subject: z.string().describe('What it is about, the last token of the NATS subject.'),
  time: z.iso.datetime({ offset: true }).describe('When it was stored with its transaction.'),
  sequence: z
    .string()
    .optional()
    .describe(
      'A whole number that grows in commit order for one subject, with gaps. A lower one than you know is old news.',
    ),
  correlationId: z.string().optional().describe('The request that began it.'),
  causationId: z.string().optional().describe('The id of the event that made this one happen.'),
  traceparent: z.string().optional().describe('W3C trace context.'),
  tracestate: z.string().optional().describe('W3C trace context.'),
});

/** The headers that say something of the event, each with its schema, as the catalogue publishes them. */
export const envelopeHeaders: readonly { readonly name: string; readonly schema: z.ZodType }[] = attributes.map(
  ([member, name]) => ({ name, schema: envelopeSchema.shape[member] }),
);

/** Percent-encodes what the binding says must be: space, double quote, percent, and everything outside printable ASCII. */
function encode(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) =>
    encodeURIComponent(character.isWellFormed() ? character : '\ufffd'),
  );
}

function decode(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // Not percent-encoded by its sender: the text itself is the best reading.
  }
}

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'data'}: ${issue.message}`).join('; ');
}
