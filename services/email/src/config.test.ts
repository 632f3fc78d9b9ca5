import { ConfigError, parseConfig } from '@postrider/runtime';
import { expect, test } from 'vitest';
import { configSchema } from './config.ts';

const required = {
  SEALING_PRIVATE_KEYS: JSON.stringify([{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd', kid: 'one' }]),
  RECIPIENT_KEY: Buffer.alloc(32, 7).toString('base64url'),
};

test('with its keys alone it runs locally', () => {
  expect(parseConfig(configSchema, required)).toMatchObject({
    port: 3010,
    smtpUrl: 'smtp://127.0.0.1:1025',
    mailFrom: 'Postrider <no-reply@postrider.example>',
    eventsEnabled: true,
  });
});

test('the base of links loses its last slash, and keeps its path', () => {
  const { publicUrl } = parseConfig(configSchema, { ...required, PUBLIC_URL: 'https://example.com/app/' });
  expect(publicUrl).toBe('https://example.com/app');
});

test('without its keys it does not start', () => {
  expect(() => parseConfig(configSchema, {})).toThrow(ConfigError);
});

test.each([
  'no-reply',
  'Postrider <no-reply>',
  'Postrider <a@example.com>, Eve <eve@example.com>',
  'Post\r\nBcc: <eve@example.com>',
])('a sender that another parser could read otherwise is refused: %j', (sender) => {
  expect(() => parseConfig(configSchema, { ...required, MAIL_FROM: sender })).toThrow('MAIL_FROM');
});
