import { type ConsumerMessages, jetstream } from '@nats-io/jetstream';
import { accessVariables, testDatabase, testNats } from '@postrider/local/testing';
import { connectNats } from '@postrider/messaging';
import { parseConfig } from '@postrider/runtime';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect } from 'vitest';
import { configSchema } from '../src/config.ts';
import { migrate } from '../src/database.ts';
import { start } from '../src/service.ts';

/** Keys as a deployment would have them, and the private half that only the email service has. */
const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
const sealingPublicKey = JSON.stringify({ ...(await exportJWK(publicKey)), kid: 'test' });

export const password = 'correct horse battery staple';

/** Everything the user service needs, on real servers; `start` boots the real service on them, as often as a test wants. */
export async function userServers() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ name: 'user', migrate }));
  const nats = stack.use(await testNats());
  const client = new Client({ connectionString: database.url });
  await client.connect();
  stack.defer(() => client.end());
  const watcher = new Client({ connectionString: database.url }); // A transaction of the other sees what was when it first looked.
  await watcher.connect();
  stack.defer(() => watcher.end());
  const boot = (env: Record<string, string> = {}) =>
    start(
      parseConfig(configSchema, {
        PUBLIC_PORT: '0',
        GATEWAY_PORT: '0',
        ADMIN_PORT: '0',
        DATABASE_URL: database.url,
        ...accessVariables(nats.as('user')),
        SEALING_PUBLIC_KEY: sealingPublicKey,
        CODE_KEY: Buffer.alloc(32, 7).toString('base64url'),
        SESSION_KEY: Buffer.alloc(32, 8).toString('base64url'),
        METRICS_ENABLED: 'false', // They are a process's own, and this is the test's.
        LOG_LEVEL: 'silent',
        ...env,
      }),
    );
  const running = stack.move();
  return {
    database,
    nats,
    sealingPublicKey,
    rows: async <Row>(sql: string, values: unknown[] = []): Promise<Row[]> =>
      (await client.query(sql, values)).rows as Row[],
    /** How many statements wait for somebody's lock. */
    waiting: async (): Promise<number> => {
      const sql = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return (await watcher.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
    },
    /** Boots the service and returns at once, as it does where something it needs is absent. */
    boot,
    /** Boots the service and waits until it can work. */
    start: async (env: Record<string, string> = {}) => {
      const service = await boot(env);
      await expect
        .poll(async () => (await request(`${service.urls.public}/readyz`, 'GET')).status, {
          timeout: 50_000,
          interval: 20,
        })
        .toBe(200);
      return service;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The tests say what they expect of it.
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any
}

export async function request(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
}

/** What the email service would read: every event of a stream, in order, with its headers. */
export async function readStream(operatorUrl: string, stream: string, count: number) {
  await using nats = connectNats({ url: operatorUrl, name: 'reader', log: pino({ level: 'silent' }) });
  const consumer = await jetstream(await nats.first(), { timeout: 60_000 }).consumers.get(stream, {});
  const messages: ConsumerMessages = await consumer.fetch({ max_messages: count, expires: 10_000 });
  const events: { subject: string; data: Record<string, string>; header: (name: string) => string | undefined }[] = [];
  for await (const message of messages) {
    events.push({ subject: message.subject, data: message.json(), header: (name) => message.headers?.get(name) });
    if (events.length === count) break;
  }
  return events;
}

/** Opens a sealed part as the email service does. */
export async function unseal(sealed: unknown): Promise<{ token: string; code: string }> {
  const { plaintext } = await compactDecrypt(String(sealed), privateKey);
  return JSON.parse(new TextDecoder().decode(plaintext));
}
