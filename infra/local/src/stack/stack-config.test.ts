import { expect, test } from 'vitest';
import { hasEmbeddedPostgres, neededPorts, parseStackConfig } from './stack-config.ts';

test('without any variable everything is embedded, on the default ports, in the repository', () => {
  const config = parseStackConfig({}, '/repo');
  expect(config).toMatchObject({ dataDir: '/repo/.data', ports: { public: 3000 }, publicUrl: 'http://localhost:3000' });
  expect(neededPorts(config)).toHaveLength(9);
});

test('an empty variable counts as absent', () => {
  const config = parseStackConfig({ PORT_OFFSET: '', NATS_URL: '', POSTRIDER_DATA_DIR: '' }, '/repo');
  expect(config).toMatchObject({ dataDir: '/repo/.data', ports: { public: 3000 }, external: { natsUrl: undefined } });
});

test('a port that browsers refuse to open is refused here', () => {
  expect(() => parseStackConfig({ PORT_OFFSET: '3000' }, '/repo')).toThrow(
    'PORT_OFFSET must be another: it puts the stack on port 6000, which browsers and fetch refuse to open',
  );
});

test('links follow the port, unless they are told otherwise', () => {
  expect(parseStackConfig({ PORT_OFFSET: '50' }, '/repo').publicUrl).toBe('http://localhost:3050');
  expect(parseStackConfig({ PUBLIC_URL: 'https://postrider.example' }, '/repo').publicUrl).toBe(
    'https://postrider.example',
  );
});

test('what runs elsewhere needs no port here', () => {
  const config = parseStackConfig({ NATS_URL: 'nats://a:1,nats://b:2', SMTP_URL: 'smtp://mail:25' }, '/repo');
  expect(neededPorts(config)).toEqual(['public', 'gateway', 'admin', 'email', 'postgres']);
});

test('PostgreSQL is embedded unless both databases are elsewhere', () => {
  const user = { USER_DATABASE_URL: 'postgres://db/user' };
  const both = { ...user, EMAIL_DATABASE_URL: 'postgresql://db/email' };
  expect(hasEmbeddedPostgres(parseStackConfig(user, '/repo'))).toBe(true);
  expect(hasEmbeddedPostgres(parseStackConfig(both, '/repo'))).toBe(false);
});

test('all problems are told at once, by variable and without their values', () => {
  const parse = () =>
    parseStackConfig(
      { PORT_OFFSET: '99999', NATS_URL: 'secret', EMAIL_DATABASE_URL: 'mysql://u:secret@db/x' },
      '/repo',
    );
  expect(parse).toThrow(/PORT_OFFSET must be \d+ at most/);
  expect(parse).toThrow('NATS_URL must be URLs that start with nats://');
  expect(parse).toThrow('EMAIL_DATABASE_URL must be a URL that starts with postgres:// or postgresql://');
  expect(parse).not.toThrow('secret');
});
