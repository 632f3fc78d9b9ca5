import { expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, parseConfig, variable } from './config.ts';

const schema = z.object({
  PORT: variable.port(3000),
  ENABLED: variable.flag(true),
  DATABASE_URL: variable.url(['postgres']),
  KEY: variable.key(),
  SEALING_KEY: variable.jwk(),
});
const complete = {
  DATABASE_URL: 'postgres://localhost/x',
  KEY: Buffer.alloc(32).toString('base64url'),
  SEALING_KEY: '{"kty":"EC","kid":"k"}',
};

test('defaults stand in for what is absent or empty', () => {
  expect(parseConfig(schema, { ...complete, PORT: '', ENABLED: undefined })).toMatchObject({
    PORT: 3000,
    ENABLED: true,
  });
});

test('text becomes what it means', () => {
  const config = parseConfig(schema, { ...complete, PORT: '8080', ENABLED: 'off' });
  expect(config).toMatchObject({ PORT: 8080, ENABLED: false, SEALING_KEY: { kty: 'EC', kid: 'k' } });
  expect(config.KEY).toHaveLength(32);
});

test('all problems are told at once, each with its variable and none with its value', () => {
  const wrong = {
    PORT: 'eighty',
    ENABLED: 'perhaps',
    DATABASE_URL: 'mysql://secret@host',
    KEY: 'short-secret',
    SEALING_KEY: '{"kty":1}',
  };
  const error = problemsOf(wrong);
  expect(error.problems).toHaveLength(6);
  expect(error.message).toMatch(
    /PORT.*\n.*ENABLED.*\n.*DATABASE_URL: must be a URL that starts with postgres:.*\n.*KEY: must be 32 bytes/,
  );
  expect(error.message).not.toMatch(/secret/);
});

test('what is required and missing is said to be', () => {
  expect(problemsOf({}).problems).toEqual([
    'DATABASE_URL: is required and not set',
    'KEY: is required and not set',
    'SEALING_KEY: is required and not set',
  ]);
});

function problemsOf(env: Record<string, string>): ConfigError {
  try {
    parseConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}
