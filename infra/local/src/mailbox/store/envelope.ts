import { z } from 'zod';

/** What SMTP said about a mail, which the mail itself does not tell: Bcc recipients are only here. */
export type Envelope = z.infer<typeof envelopeSchema>;

const envelopeSchema = z.object({
  /** Return path; empty for a bounce (`MAIL FROM:<>`). */
  from: z.string(),
  to: z.array(z.string()),
  /** ISO 8601, UTC, milliseconds. */
  receivedAt: z.iso.datetime({ precision: 3 }),
});

const FIELD = 'X-Mailbox-Envelope: ';

/**
 * The bytes of one stored file: one header field of ours with the envelope as JSON, then the mail exactly as it was
 * sent. One file, so that a mail and its envelope appear in one rename; and still an .eml that a mail client opens.
 */
export function encodeStoredMail(envelope: Envelope, raw: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${FIELD}${JSON.stringify(envelope)}\r\n`), raw]);
}

/** The inverse of `encodeStoredMail`. Throws when the file does not start with a valid envelope. */
export function decodeStoredMail(bytes: Buffer): { envelope: Envelope; raw: Buffer } {
  const end = bytes.indexOf('\r\n');
  const line = bytes.toString('utf8', 0, Math.max(end, 0));
  if (!line.startsWith(FIELD)) throw new Error(`The file starts with "${line.slice(0, 40)}", not with "${FIELD}".`);
  const envelope = envelopeSchema.parse(JSON.parse(line.slice(FIELD.length)));
  return { envelope, raw: bytes.subarray(end + 2) };
}
