import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { nkeyUsers } from '@postrider/topology';
import { z } from 'zod';
import { makeSeeds } from '../nats/nats-secrets.ts';
import { writeFileAtOnce } from './write-file-at-once.ts';

const jwk = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string() });
const key = z.string().refine((text) => Buffer.from(text, 'base64url').length === 32, 'must be 32 bytes in base64url');

const schema = z.object({
  postgres: z.object({ superuser: z.string(), user: z.string(), email: z.string() }),
  nats: z.object({ seeds: z.record(z.string(), z.string()), operator: z.string(), system: z.string() }),
  /** Seals one-time secrets for the email service (JSON Web Keys, RFC 7517). */
  sealing: z.object({ publicKey: jwk, privateKey: jwk }),
  codeKey: key,
  sessionKey: key,
  recipientKey: key,
});

const object = z.record(z.string(), z.unknown());

/** What came after data dirs were made, or comes with a new user of NATS: one that lacks it gets it. */
function completed(stored: unknown): unknown {
  if (!object.safeParse(stored).success) return stored;
  const secrets = object.parse(stored);
  const nats = object.catch({}).parse(secrets['nats']);
  const seeds = { ...makeSeeds(nkeyUsers), ...object.catch({}).parse(nats['seeds']) };
  return {
    sessionKey: randomBytes(32).toString('base64url'),
    ...secrets,
    nats: { system: password(), ...nats, seeds },
  };
}

const json = z.string().transform(parseJson).transform(completed).pipe(schema);

/** Every password and key of a stack. */
export type Secrets = z.infer<typeof schema>;

/**
 * The secrets of a data dir: made at the first start, the same ever after.
 *
 * @throws when they are damaged, or lost while the databases they open are still there
 */
export async function ensureSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, 'secrets.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const secrets = parseSecrets(text, path);
    if (!isDeepStrictEqual(JSON.parse(text), secrets)) await writeSecrets(path, secrets);
    return secrets;
  }
  // The second is the note of where the cluster is, if not in the data dir (postgres-home.ts).
  if ((await exists(join(dataDir, 'postgres'))) || (await exists(join(dataDir, 'postgres-is-in')))) {
    throw new Error(
      `${path} is gone, and with it the passwords of the databases in ${dataDir}. Bring it back, or remove ${dataDir} to start anew.`,
    );
  }
  const secrets = await makeSecrets();
  await writeSecrets(path, secrets);
  return secrets;
}

async function writeSecrets(path: string, secrets: Secrets): Promise<void> {
  await writeFileAtOnce(path, `${JSON.stringify(secrets, undefined, 2)}\n`);
}

function parseSecrets(text: string, path: string): Secrets {
  const parsed = json.safeParse(text);
  if (parsed.success) return parsed.data;
  // Names alone: values are secrets.
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'not JSON').join(', ');
  throw new Error(`${path} is damaged (${fields}). Bring back a good copy, or remove the data dir to start anew.`);
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('must be JSON');
    return z.NEVER;
  }
}

async function makeSecrets(): Promise<Secrets> {
  return {
    postgres: { superuser: password(), user: password(), email: password() },
    nats: { seeds: makeSeeds(nkeyUsers), operator: password(), system: password() },
    sealing: await makeSealingKeys(),
    codeKey: randomBytes(32).toString('base64url'),
    sessionKey: randomBytes(32).toString('base64url'),
    recipientKey: randomBytes(32).toString('base64url'),
  };
}

/** Begins with a letter: nats-server reads variables as parts of its configuration, where digits first would be a number. */
function password(): string {
  return `p${randomBytes(24).toString('hex')}`;
}

async function makeSealingKeys(): Promise<Secrets['sealing']> {
  // Loaded at the first start of a data dir alone.
  const { calculateJwkThumbprint, exportJWK, generateKeyPair } = await import('jose');
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const publicKey = await exportJWK(pair.publicKey);
  const common = { alg: 'ECDH-ES+A256KW', use: 'enc', kid: await calculateJwkThumbprint(publicKey) };
  const privateKey = await exportJWK(pair.privateKey);
  return { publicKey: jwk.parse({ ...publicKey, ...common }), privateKey: jwk.parse({ ...privateKey, ...common }) };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
