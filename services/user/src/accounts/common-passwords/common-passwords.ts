import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * Passwords that many people use (README.md beside this file: whence, and under which licence), in lower case. Exact, no filter with
 * false positives: what is refused is in the list. Only those long enough for the policy are kept: some 9,700 of 15
 * characters or more, all 81,908 from 8.
 */
export function readCommonPasswords(minLength: number): ReadonlySet<string> {
  const text = gunzipSync(readFileSync(join(import.meta.dirname, 'common-passwords.txt.gz'))).toString('utf8');
  return new Set(text.split('\n').filter((password) => Array.from(password).length >= minLength));
}
