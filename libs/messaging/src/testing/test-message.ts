import { headers as createHeaders } from '@nats-io/transport-node';
import { type Envelope, type EventContract, toHeaders } from '@postrider/contracts';
import type { z } from 'zod';
import type { ArrivedMessage } from '../arrived-message.ts';

/** A message as it lies in its stream. Fed again, it is delivered again: the same event, one delivery more. */
export interface TestMessage extends Omit<ArrivedMessage, 'info'> {
  readonly id: string;
}

let events = 0;

/**
 * An event of a contract; its golden sample where nothing else is said.
 *
 * @throws {z.ZodError} when the data breaks the contract: for what must not come, use {@link aMessage}
 */
export function anEvent<C extends EventContract>(
  contract: C,
  data?: z.input<C['schema']>,
  envelope: Partial<Envelope> = {},
): TestMessage {
  const { payload, subject, aggregateId, type } = contract.create(data ?? contract.sample);
  events++;
  const told: Envelope = {
    id: `00000000-0000-7000-8000-${String(events).padStart(12, '0')}`,
    source: '/test',
    type,
    subject: aggregateId,
    time: new Date().toISOString(),
    sequence: String(events),
    ...envelope,
  };
  return { ...aMessage({ subject, headers: toHeaders(told), body: JSON.stringify(payload) }), id: told.id };
}

/** Any message at all: what is no event, or no JSON. */
export function aMessage({
  subject,
  headers = {},
  body,
}: {
  readonly subject: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}): TestMessage {
  const all = createHeaders();
  for (const [name, value] of Object.entries(headers)) all.append(name, value);
  const data = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { id: headers['ce-id'] ?? '', subject, headers: all, data };
}
