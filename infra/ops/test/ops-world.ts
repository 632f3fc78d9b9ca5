import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { start as startEmail } from '@postrider/email';
import { configSchema as emailConfig } from '@postrider/email/config';
import { migrate as migrateEmail } from '@postrider/email/database';
import { accessVariables, testDatabase, testNats, type TestNats } from '@postrider/local/testing';
import { parseConfig } from '@postrider/runtime';
import { start as startUser } from '@postrider/user';
import { configSchema as userConfig } from '@postrider/user/config';
import { migrate as migrateUser } from '@postrider/user/database';
import { exportJWK, generateKeyPair } from 'jose';
import { expect } from 'vitest';
import { findPlaces, type Places } from '../src/places.ts';
import { why } from '../src/why/why.ts';
// A mail server that can fail at any step is theirs.
import { type ScriptedSmtp, startScriptedSmtp } from '../../../services/email/test/scripted-smtp.ts';

/** Both services on real servers, but for the mail server, which follows a script; and `npm run ops` beside them. */
export interface OpsWorld extends AsyncDisposable {
  readonly nats: TestNats;
  readonly smtp: ScriptedSmtp;
  /** What `npm run ops` is told of them. */
  readonly env: Readonly<Record<string, string>>;
  register(email: string): Promise<void>;
  /** As somebody in a shell, less the launcher. */
  ops(...args: string[]): Promise<Run>;
  /** Asks `why … --json` and says what happens next with the mail. */
  next(question: string): Promise<string>;
}

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const root = join(import.meta.dirname, '../../..');

export async function startOpsWorld(options: { userDatabaseUrl?: string } = {}): Promise<OpsWorld> {
  await using starting = new AsyncDisposableStack();
  const nats = starting.use(await testNats());
  const smtp = starting.use(await startScriptedSmtp());
  const emailDatabase = starting.use(await testDatabase({ name: 'email', migrate: migrateEmail }));
  const userDatabaseUrl =
    options.userDatabaseUrl ?? starting.use(await testDatabase({ name: 'user', migrate: migrateUser })).url;
  const keys = await makeKeys();
  const common = { LOG_LEVEL: 'silent', EVENTS_ENABLED: 'true' };
  const email = starting.use(
    await startEmail(
      parseConfig(emailConfig, {
        ...common,
        PORT: '0',
        DATABASE_URL: emailDatabase.url,
        ...accessVariables(nats.as('email')),
        SMTP_URL: smtp.url,
        SEALING_PRIVATE_KEYS: keys.privateKeys,
        RECIPIENT_KEY: key,
      }),
    ),
  );
  const user = starting.use(
    await startUser(
      parseConfig(userConfig, {
        ...common,
        PUBLIC_PORT: '0',
        GATEWAY_PORT: '0',
        ADMIN_PORT: '0',
        DATABASE_URL: userDatabaseUrl,
        ...accessVariables(nats.as('user')),
        SEALING_PUBLIC_KEY: keys.publicKey,
        CODE_KEY: key,
        SESSION_KEY: key,
      }),
    ),
  );
  for (const url of [user.urls.public, email.url])
    await expect.poll(async () => (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ready' });
  const env = {
    USER_DATABASE_URL: userDatabaseUrl,
    EMAIL_DATABASE_URL: emailDatabase.url,
    NATS_OPERATOR_URL: nats.urls.operator,
    USER_URL: user.urls.public,
    EMAIL_URL: email.url,
    SMTP_URL: smtp.url,
  };
  const places = await findPlaces({ ...env, POSTRIDER_DATA_DIR: '/nonexistent' }, root);
  const running = starting.move();
  const ops = (...args: string[]): Promise<Run> => runOps(env, args);
  return {
    nats,
    smtp,
    env,
    register: (address) => register(user.urls.public, address),
    ops,
    next: (question) => nextOf(question, places),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const key = Buffer.alloc(32, 7).toString('base64url');

async function makeKeys(): Promise<{ publicKey: string; privateKeys: string }> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  return {
    publicKey: JSON.stringify({ ...(await exportJWK(publicKey)), kid: 'test' }),
    privateKeys: JSON.stringify([{ ...(await exportJWK(privateKey)), kid: 'test' }]),
  };
}

async function register(url: string, email: string): Promise<void> {
  const response = await fetch(`${url}/v1/registrations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: 'correct horse battery staple' }),
  });
  expect(response.status).toBe(202);
}

/** Another folder than any stack's: what is asked is what the variables name. */
export async function runOps(env: Record<string, string>, args: string[]): Promise<Run> {
  const { promise, resolve } = Promise.withResolvers<Run>();
  const child = execFile(
    process.execPath,
    [join(root, 'infra/ops/src/ops.ts'), ...args],
    {
      env: {
        ...process.env,
        POSTRIDER_DATA_DIR: '/nonexistent',
        PORT_OFFSET: '',
        NO_COLOR: '1',
        FORCE_COLOR: '0',
        ...env,
      },
    },
    (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
  );
  return promise;
}

/** In this process, since a poll asks it often. */
async function nextOf(question: string, places: Places): Promise<string> {
  const lines: string[] = [];
  await why.run([question, '--json'], { places: async () => places, print: (line) => void lines.push(line) });
  // Our own format; the assertions look at what it says.
  const { events } = JSON.parse(lines.join('\n')) as {
    events: { type: string; next: { kind: string; sentence: string } }[];
  };
  const next = events.find(({ type }) => type.startsWith('challenge.'))?.next;
  return next === undefined ? 'no mail' : `${next.kind}: ${next.sentence}`;
}
