import { expect, test } from 'vitest';
import { createRefreshTokens, readRefreshToken } from './refresh-token.ts';

const sessionId = '0192f1a0-7c00-7bbb-8ccc-23456789abcd';
const tokens = createRefreshTokens(Buffer.alloc(32, 1));

test('a token names its session, is never the same twice, and has one text', () => {
  const token = tokens.first(sessionId);
  expect(token.text).toMatch(/^[\w-]{86}$/);
  expect(readRefreshToken(token.text)).toEqual(token);
  expect(token.sessionId).toBe(sessionId);
  expect(tokens.first(sessionId).text).not.toBe(token.text);
  const twins = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
    .map((last) => readRefreshToken(token.text.slice(0, -1) + last))
    .filter((twin) => twin?.hash === token.hash);
  expect(twins).toHaveLength(1);
});

test('a token has one successor, of the same session, whoever asks', () => {
  const first = tokens.first(sessionId);
  const second = tokens.successor(first);
  expect(second).toEqual(createRefreshTokens(Buffer.alloc(32, 1)).successor(first));
  expect(second.sessionId).toBe(sessionId);
  expect(tokens.successor(second).text).not.toBe(second.text);
  expect(tokens.isGenuine(second)).toBe(true);
});

test('without the key nobody makes a successor or a token that passes for ours', () => {
  const first = tokens.first(sessionId);
  const stranger = createRefreshTokens(Buffer.alloc(32, 2));
  expect(stranger.successor(first).text).not.toBe(tokens.successor(first).text);
  expect(tokens.isGenuine(stranger.first(sessionId))).toBe(false);
  const bytes = Buffer.from(first.text, 'base64url');
  for (const at of [0, 15, 16, 47, 48, 63]) {
    const forged = Buffer.from(bytes);
    forged.writeUInt8(forged.readUInt8(at) ^ 1, at);
    const token = readRefreshToken(forged.toString('base64url'));
    expect(token !== undefined && tokens.isGenuine(token)).toBe(false);
  }
});

test.each(['', 'x', 'A'.repeat(85), 'A'.repeat(87), 'A'.repeat(1_000_000), `${'A'.repeat(85)}!`])(
  'what can’t be a token is none',
  (text) => expect(readRefreshToken(text)).toBeUndefined(),
);
