import { expect, test } from 'vitest';
import { UsageError } from '../command.ts';
import { parseCommandLine } from './parse-command-line.ts';

test('letters are named by number, or by what they have in common', () => {
  expect(parseCommandLine(['show', '17']).filter).toEqual({ sequences: [17] });
  expect(
    parseCommandLine(['list', '--durable', 'd', '--type', 't', '--event', 'e', '--subject', 's.>', '--reason', 'r'])
      .filter,
  ).toEqual({ durable: 'd', type: 't', eventId: 'e', subject: 's.>', reason: 'r' });
  expect(parseCommandLine(['list', '--from', '2026-11-24T09:00:00Z']).filter).toEqual({
    buriedFrom: new Date('2026-11-24T09:00:00Z'),
  });
});

test('a replay says who, why, how fast and what is to be changed', () => {
  const line = [
    'replay',
    '--all',
    '--by',
    'grace',
    '--because',
    'mended',
    '--rate',
    '5',
    '--set',
    'locale="de"',
    '--set',
    'n=1',
  ];
  expect(parseCommandLine(line)).toMatchObject({
    action: 'replay',
    filter: {},
    by: 'grace',
    because: 'mended',
    perSecond: 5,
    changes: new Map<string, unknown>([
      ['locale', 'de'],
      ['n', 1],
    ]),
  });
});

test.each([
  [[], 'list|show|replay'],
  [['remove'], 'list|show|replay'],
  [['list', '--colour'], '--colour'],
  [['show'], 'Which letter?'],
  [['show', '0x1'], '"0x1" is no letter’s number'],
  [['replay', '--by', 'g', '--because', 'b'], '--all to replay every one'],
  [['discard', '--dry-run'], '--all to discard every one'],
  [['replay', '1'], '--by <who>'],
  [['discard', '1', '--by', 'g', '--because', ' '], '--because <why>'],
  [['replay', '1', '--dry-run', '--rate', '0'], '--rate is letters a second, not "0"'],
  [['replay', '1', '--dry-run', '--set', 'locale'], '--set takes <member>=<json>, not "locale"'],
  [['replay', '1', '--dry-run', '--set', 'locale=de'], '"de" is no JSON'],
  [['list', '--from', 'yesterday'], '"yesterday" is no moment'],
])('%j is refused', (line, message) => {
  expect(() => parseCommandLine(line)).toThrow(UsageError);
  expect(() => parseCommandLine(line)).toThrow(message.replace('’', "'"));
});
