import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { consoleLine } from './console-line.ts';

const read = (line: string): string | undefined => {
  const shown = consoleLine('user', line);
  return shown === undefined ? undefined : stripVTControlCharacters(shown).replace(/^\S+/, 'TIME');
};

test('a line tells what happened, with what, and the start of its trace', () => {
  const line = JSON.stringify({
    level: 'info',
    time: '2026-11-24T03:00:00.000Z',
    name: 'user',
    pid: 1,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    userId: 'u1',
    msg: 'account registered',
  });
  expect(read(line)).toBe('TIME user     account registered userId=u1 [0af76519]');
});

test('data with parts are told without the quotes of JSON', () => {
  expect(read('{"level":"info","msg":"listening","urls":{"admin":"http://127.0.0.1:3002"}}')).toBe(
    'TIME user     listening urls={admin:http://127.0.0.1:3002}',
  );
});

test('levels as numbers are understood, and debug lines stay in the file', () => {
  expect(read('{"level":30,"msg":"hello"}')).toBe('TIME user     hello');
  expect(read('{"level":20,"msg":"hello"}')).toBeUndefined();
  expect(read('{"level":"debug","msg":"hello"}')).toBeUndefined();
});

test('an error shows its stack, a warning its message', () => {
  const err = { message: 'no route', stack: 'Error: no route\n    at x.ts:1' };
  expect(read(JSON.stringify({ level: 'error', msg: 'failed', err }))).toContain('at x.ts:1');
  expect(read(JSON.stringify({ level: 'warn', msg: 'slow', err }))).toBe('TIME user     slow no route');
});

test('of lines that are no JSON only alarming ones are shown', () => {
  expect(read('2026-11-24 LOG:  checkpoint complete')).toBeUndefined();
  expect(read('2026-11-24 FATAL:  the database system is starting up')).toBeUndefined();
  expect(read('2026-11-24 FATAL:  could not map shared memory')).toContain('could not map shared memory');
  expect(read('[1] 2026/11/24 [ERR] disk is full')).toContain('disk is full');
  expect(read('{ not json')).toBeUndefined();
});
