import { expect, test } from 'vitest';
import { parseQuery } from './parse-query.ts';

test('bare words are text, in lower case', () => {
  expect(parseQuery('  Confirm   Address ')).toEqual([
    { exclude: false, filter: 'text', value: 'confirm' },
    { exclude: false, filter: 'text', value: 'address' },
  ]);
});

test('quotes keep words together, alone and behind a filter', () => {
  expect(parseQuery('"confirm your" to:"Ada Lovelace" "subject:it is"')).toEqual([
    { exclude: false, filter: 'text', value: 'confirm your' },
    { exclude: false, filter: 'to', value: 'ada lovelace' },
    { exclude: false, filter: 'subject', value: 'it is' },
  ]);
});

test('an open quote runs to the end', () => {
  expect(parseQuery('to:"ada l')).toEqual([{ exclude: false, filter: 'to', value: 'ada l' }]);
});

test.each([
  ['to:ada+x@example.com', 'to', 'ada+x@example.com'],
  ['FROM:No-Reply@Example.com', 'from', 'no-reply@example.com'],
  ['message-id:<1.2@example.com>', 'message-id', '1.2@example.com'],
  ['reply-to:r@example.com', 'reply-to', 'r@example.com'],
  ['addressed:x', 'addressed', 'x'],
  ['http://localhost:3000/', 'text', 'http://localhost:3000/'],
])('%s filters by %s', (query, filter, value) => {
  expect(parseQuery(query)).toEqual([{ exclude: false, filter, value }]);
});

test('a leading minus or exclamation mark excludes, a lone one is text', () => {
  expect(parseQuery('-to:ada !is:read -')).toEqual([
    { exclude: true, filter: 'to', value: 'ada' },
    { exclude: true, filter: 'read' },
    { exclude: false, filter: 'text', value: '-' },
  ]);
});

test('a query without words is refused', () => {
  expect(() => parseQuery(' "" to: ')).toThrow('The search query is empty');
});

test.each(['tag:verify', 'after:yesterday', 'larger:1M', 'is:tagged', '-has:inline'])(
  '%s is refused by name',
  (query) => {
    expect(() => parseQuery(query)).toThrow(/^The search filter ".*" is not one of: to:, from:/);
  },
);
