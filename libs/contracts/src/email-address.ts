import { domainToASCII } from 'node:url';
import { z } from 'zod';

/**
 * The addresses we accept, and their one canonical form: narrower than RFC 5322 on purpose. A dot-atom of ASCII before the @, a
 * domain name of at least two labels after it (IDN becomes punycode), at most 64 and 254 octets in all. No quoted local parts,
 * comments, groups, address literals, white space or control characters, so that no later reader (an SMTP library, a log, a
 * header) can see two addresses, or a line break, where we saw one address.
 *
 * The output is lower case. RFC 5321 lets a host tell `A@x` from `a@x`; none does, while two accounts for one mailbox are a hole.
 */
export const emailAddress = z
  .string()
  .max(320)
  .transform((text, context) => {
    const canonical = canonicalAddress(text);
    if (canonical !== undefined) return canonical;
    context.addIssue({
      code: 'custom',
      message: 'Not an e-mail address that we can send to, such as name@example.com.',
    });
    return z.NEVER;
  });

/** The canonical form, or undefined where the text is no address of our grammar. Idempotent. */
export function canonicalAddress(text: string): string | undefined {
  const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '');
  const at = trimmed.lastIndexOf('@');
  const local = trimmed.slice(0, Math.max(at, 0));
  // Tested before it is lowered: Unicode has letters whose lower case is ASCII.
  if (local.length > 64 || !dotAtom.test(local)) return undefined;
  const domain = canonicalDomain(trimmed.slice(at + 1));
  if (domain === undefined || local.length + 1 + domain.length > 254) return undefined;
  return `${local.toLowerCase()}@${domain}`;
}

/** An address as logs and operators may see it: first letters and the top-level domain only. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  return `${address.slice(0, 1)}***@${domain.slice(0, 1)}***${domain.slice(domain.lastIndexOf('.'))}`;
}

const dotAtom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const hostName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
// Control, format (zero width, direction marks), unassigned and white space: IDNA mapping would drop some of them silently.
// What ends or escapes a host in a URL: the conversion below reads hosts as a URL does, and would drop what follows.
const delimiter = /[/?#\\%:@[\]]/;
const invisible = /[\p{C}\p{Z}]/u;

function canonicalDomain(text: string): string | undefined {
  if (invisible.test(text) || delimiter.test(text) || text.length > 255) return undefined;
  const ascii = domainToASCII(text.toLowerCase());
  if (!hostName.test(ascii) || ascii.length > 253) return undefined;
  return /^[0-9]+$/.test(ascii.slice(ascii.lastIndexOf('.') + 1)) ? undefined : ascii; // A numeric last label is an IP address.
}
