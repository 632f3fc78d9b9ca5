import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { NatsServerLookup } from '../nats/find-nats-server.ts';
import { natsServerLookup } from '../nats/nats-server-lookup.ts';
import { highestPortOffset, type PortName, type Ports, portsAt } from '../ports/ports.ts';

export interface StackConfig {
  /** The root of the repository. */
  readonly root: string;
  readonly dataDir: string;
  readonly ports: Ports;
  /** What runs elsewhere and is used instead of the embedded part. */
  readonly external: {
    readonly userDatabaseUrl?: string | undefined;
    readonly emailDatabaseUrl?: string | undefined;
    readonly natsUrl?: string | undefined;
    readonly smtpUrl?: string | undefined;
  };
  readonly natsServer: NatsServerLookup;
  /** The base of the links in mails. */
  readonly publicUrl: string;
  /** The environment as it is: the services get it too, with what the stack decides on top. */
  readonly env: NodeJS.ProcessEnv;
}

const schema = z.object({
  POSTRIDER_DATA_DIR: z.string().default('.data'),
  PORT_OFFSET: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(highestPortOffset, `must be ${highestPortOffset} at most, or ports would be above 65535`)
    .default(0),
  USER_DATABASE_URL: url('postgres', 'postgresql').optional(),
  EMAIL_DATABASE_URL: url('postgres', 'postgresql').optional(),
  NATS_URL: natsUrls().optional(),
  SMTP_URL: url('smtp', 'smtps').optional(),
  PUBLIC_URL: url('http', 'https').optional(),
  NATS_RELEASE_BASE_URL: url('http', 'https').optional(),
});

/**
 * Reads what `npm start` can be told. An empty variable counts as absent.
 *
 * @throws an error with every problem at once, each naming its variable; values are not repeated, URLs hold passwords
 */
export function parseStackConfig(env: NodeJS.ProcessEnv, root: string): StackConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `  ${String(path[0])} ${message}`);
    throw new Error(`The configuration is not valid:\n${problems.join('\n')}`);
  }
  const values = parsed.data;
  const ports = portsAt(values.PORT_OFFSET);
  return {
    root,
    dataDir: resolve(root, values.POSTRIDER_DATA_DIR),
    ports,
    external: {
      userDatabaseUrl: values.USER_DATABASE_URL,
      emailDatabaseUrl: values.EMAIL_DATABASE_URL,
      natsUrl: values.NATS_URL,
      smtpUrl: values.SMTP_URL,
    },
    natsServer: natsServerLookup(env),
    publicUrl: values.PUBLIC_URL ?? `http://localhost:${ports.public}`,
    env,
  };
}

/** Whether PostgreSQL is embedded: unless both services have a database elsewhere. */
export function hasEmbeddedPostgres({ external }: StackConfig): boolean {
  return external.userDatabaseUrl === undefined || external.emailDatabaseUrl === undefined;
}

/** The ports that this stack will listen on itself. */
export function neededPorts(config: StackConfig): PortName[] {
  const { natsUrl, smtpUrl } = config.external;
  return [
    'public',
    'gateway',
    'admin',
    'email',
    ...(smtpUrl === undefined ? (['mailbox', 'smtp'] as const) : []),
    ...(natsUrl === undefined ? (['nats', 'natsMonitor'] as const) : []),
    ...(hasEmbeddedPostgres(config) ? (['postgres'] as const) : []),
  ];
}

/** Where a part of the stack keeps its files. */
export function folderOf({ dataDir }: StackConfig, name: 'logs' | 'nats' | 'mailbox' | 'run'): string {
  return join(dataDir, name);
}

function url(...protocols: string[]): z.ZodString {
  const wanted = protocols.map((protocol) => `${protocol}://`).join(' or ');
  return z.string().refine((text) => hasProtocol(text, protocols), `must be a URL that starts with ${wanted}`);
}

/** One server, or several joined by commas. */
function natsUrls(): z.ZodString {
  const protocols = ['nats', 'tls', 'ws', 'wss'];
  return z
    .string()
    .refine(
      (text) => text.split(',').every((one) => hasProtocol(one.trim(), protocols)),
      'must be URLs that start with nats://',
    );
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1));
}
