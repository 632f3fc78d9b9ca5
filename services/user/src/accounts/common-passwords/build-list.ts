import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Makes the list from its source, for whoever wants to renew it (README.md beside this file):
 *
 *   node build-list.ts <passwords, the most frequent first, one a line>
 */
const [source = ''] = process.argv.slice(2);
const frequentRanks = 100_000;
const [shortest, long] = [8, 12];

const passwords = readFileSync(source, 'utf8').split('\n').filter(isWanted);
const folded = [...new Set(passwords.map((password) => password.normalize('NFC').toLowerCase()))].toSorted();
writeFileSync(join(import.meta.dirname, 'common-passwords.txt.gz'), gzipSync(folded.join('\n'), { level: 9 }));

/** Long ones are few and take long to guess by chance: all of them. Of the shorter the most frequent ones. */
function isWanted(password: string, rank: number): boolean {
  const length = Array.from(password.normalize('NFC')).length;
  return length >= long || (length >= shortest && rank < frequentRanks);
}
