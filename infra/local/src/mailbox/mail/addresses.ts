import { parseAddressHeader } from 'mailparser';
import type { Envelope } from '../store/envelope.ts';
import type { HeaderField } from './read-headers.ts';
import { valuesOf } from './read-headers.ts';

/** As Mailpit (Go's net/mail) writes one. */
export type Address = { Name: string; Address: string };

export type Addresses = { From: Address; To: Address[]; Cc: Address[]; Bcc: Address[]; ReplyTo: Address[] };

/**
 * The addresses of a mail. Recipients of the envelope that no header names are Bcc, as in Mailpit: that is what blind
 * copies are, and it makes them visible and searchable.
 */
export function addressesOf(envelope: Envelope, fields: readonly HeaderField[]): Addresses {
  const list = (name: string) => parse(valuesOf(fields, name));
  const [To, Cc, Bcc] = [list('To'), list('Cc'), list('Bcc')];
  const named = new Set([...To, ...Cc, ...Bcc].map((address) => address.Address.toLowerCase()));
  const blind = envelope.to.filter((recipient) => !named.has(recipient.toLowerCase()));
  return {
    From: list('From')[0] ?? { Name: '', Address: '' },
    To,
    Cc,
    Bcc: [...Bcc, ...blind.map((recipient) => ({ Name: '', Address: recipient }))],
    ReplyTo: list('Reply-To'),
  };
}

function parse(values: string[]): Address[] {
  // Punycode stays as it was sent: a test looks for the address it gave.
  const { value } = parseAddressHeader(values, { flatten: true, decodePunycode: false });
  return value.map(({ name, address }) => ({ Name: name, Address: address ?? '' }));
}
