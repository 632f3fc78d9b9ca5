import { createHash } from 'node:crypto';
import type { Device } from './session.ts';

/**
 * Where somebody signs in, as far as their client tells. Two sign-ins with one label from one kind of browser count as one device;
 * version numbers don't, or each update would be a stranger.
 *
 * @param userAgent the header; of what is stored control characters are gone, since people and logs will see it
 */
export function describeDevice(label: string | undefined, userAgent: string | undefined): Device {
  const readable = userAgent?.replace(/\p{C}/gu, '').slice(0, 256);
  const kind = (readable ?? '').replace(/[\d._]+/g, '');
  const hash = createHash('sha256')
    .update(JSON.stringify([label ?? null, kind]))
    .digest('base64url');
  return { label, userAgent: readable === '' ? undefined : readable, hash };
}
