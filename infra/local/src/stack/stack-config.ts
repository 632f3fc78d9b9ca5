import { join, resolve } from 'node:path';
import type { NatsServerLookup } from '../nats/find-nats-server.ts';
import { natsServerLookup } from '../nats/nats-server-lookup.ts';
import { type PortName, type Ports, portsAt } from '../ports/ports.ts';
import { stackSettings } from './stack-settings.ts';
import { UnusableConfigError } from './unusable-config-error.ts';

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

/**
 * Reads what `npm start` can be told. An empty variable counts as absent.
 *
 * @throws {UnusableConfigError} with every problem at once, each naming its variable; values are not repeated, URLs hold passwords
 */
export function parseStackConfig(env: NodeJS.ProcessEnv, root: string): StackConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = stackSettings.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `  ${String(path[0])} ${message}`);
    throw new UnusableConfigError(`The configuration is not valid:\n${problems.join('\n')}`);
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
export function folderOf({ dataDir }: StackConfig, name: 'logs' | 'nats' | 'nkeys' | 'mailbox' | 'run'): string {
  return join(dataDir, name);
}
