import { DomainError } from '../domain-error.ts';

/**
 * Parses a body as I-JSON (RFC 7493): UTF-8, no name twice in an object, no half of a surrogate pair. Parsers disagree about such texts,
 * so whoever checks one reading lets another through. Nor does it take `__proto__` as a name, which copying would turn into a
 * prototype, or the NUL character, which no text of ours may hold.
 *
 * @throws {DomainError} `invalid_request`, which never repeats the text
 */
export function parseJson(body: Uint8Array): unknown {
  const text = decode(body);
  const value = parse(text);
  refuseAmbiguity(text);
  return value;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new DomainError('invalid', 'invalid_request', 'The body is not UTF-8.', { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DomainError('invalid', 'invalid_request', 'The body is not JSON.', { cause });
  }
}

const maxDepth = 32;

/** Reads the tokens of a text that is JSON for sure; one pass, since each token begins where another ended. */
function refuseAmbiguity(text: string): void {
  const names: (Set<string> | undefined)[] = []; // One for each open bracket; undefined for an array.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (names.length > maxDepth) throw new DomainError('invalid', 'invalid_request', 'The body is nested too deep.');
    if (token === '{') names.push(new Set());
    else if (token === '[') names.push(undefined);
    else if (token === '}' || token === ']') names.pop();
    else checkString(token, isName(text, index + token.length) ? names.at(-1) : undefined);
  }
}

function checkString(token: string, names: Set<string> | undefined): void {
  const value = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
  if (!value.isWellFormed() || value.includes('\0'))
    throw new DomainError('invalid', 'invalid_request', 'A text in the body holds half a character, or NUL.');
  if (names === undefined) return;
  if (value === '__proto__') throw new DomainError('invalid', 'invalid_request', 'An object can’t have such a field.');
  if (names.has(value)) throw new DomainError('invalid', 'invalid_request', 'An object in the body has a field twice.');
  names.add(value);
}

function isName(text: string, end: number): boolean {
  let at = end;
  while (/\s/.test(text.charAt(at))) at++;
  return text.charAt(at) === ':';
}
