import { join } from 'node:path';
import { accessVariables } from '../nats/nats-secrets.ts';
import { startNodeServer } from '../process/start-node-server.ts';
import { type Attempt, keepRunning, type StackContext } from './keep-running.ts';
import type { MailboxPart } from './mailbox-part.ts';
import type { NatsPart } from './nats-part.ts';
import type { PostgresPart } from './postgres-part.ts';

export interface ServicePart extends AsyncDisposable {
  pid(): number;
}

/** What the services are joined to. */
export interface Backends {
  readonly postgres: PostgresPart;
  readonly nats: NatsPart;
  readonly mailbox: MailboxPart;
}

// Together with the graces of the servers below them this keeps the whole stop under ten seconds.
const shutdownGraceSeconds = 4;

export async function startUserService(context: StackContext, { postgres, nats }: Backends): Promise<ServicePart> {
  const { config, secrets } = context;
  const { public: publicPort, gateway, admin } = config.ports;
  return startService(context, 'user', [publicPort, gateway, admin], {
    PUBLIC_PORT: String(publicPort),
    GATEWAY_PORT: String(gateway),
    ADMIN_PORT: String(admin),
    DATABASE_URL: postgres.urls.user,
    ...accessVariables(nats.as('user')),
    ...(nats.monitorUrl !== undefined && { NATS_MONITOR_URL: nats.monitorUrl }),
    SEALING_PUBLIC_KEY: JSON.stringify(secrets.sealing.publicKey),
    CODE_KEY: secrets.codeKey,
    SESSION_KEY: secrets.sessionKey,
  });
}

export async function startEmailService(
  context: StackContext,
  { postgres, nats, mailbox }: Backends,
): Promise<ServicePart> {
  const { config, secrets } = context;
  const { email } = config.ports;
  return startService(context, 'email', [email], {
    PORT: String(email),
    DATABASE_URL: postgres.urls.email,
    ...accessVariables(nats.as('email')),
    ...(nats.monitorUrl !== undefined && { NATS_MONITOR_URL: nats.monitorUrl }),
    SMTP_URL: mailbox.smtpUrl,
    SEALING_PRIVATE_KEYS: JSON.stringify([secrets.sealing.privateKey]),
    RECIPIENT_KEY: secrets.recipientKey,
  });
}

/** Each service brings its own database up to date when it starts, guarded against others that do the same. */
async function startService(
  context: StackContext,
  name: 'user' | 'email',
  ports: readonly number[],
  settings: NodeJS.ProcessEnv,
): Promise<ServicePart> {
  const { config, progress } = context;
  const env = {
    ...config.env,
    ...settings,
    HOST: '127.0.0.1',
    PUBLIC_URL: config.publicUrl,
    SHUTDOWN_GRACE_SECONDS: String(shutdownGraceSeconds),
  };
  const start = async ({ isRestart, ...hooks }: Attempt): ReturnType<typeof startNodeServer> =>
    startNodeServer({
      title: `The ${name} service on port ${ports.join(', ')}`,
      script: join(config.root, `services/${name}/src/main.ts`),
      cwd: config.root,
      env,
      // Later on it may start while something it needs is away: then it lives, says so, and waits.
      readyUrls: ports.map((port) => `http://127.0.0.1:${port}/${isRestart ? 'livez' : 'readyz'}`),
      stopGraceMs: shutdownGraceSeconds * 1_000 + 500,
      ...hooks,
    });
  const server = await progress.step(`${name} service on port ${ports.join(', ')}`, async (detail) => {
    const supervised = await keepRunning(context, name, start);
    detail('migrations applied');
    return supervised;
  });
  return { pid: () => server.current.pid, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}
