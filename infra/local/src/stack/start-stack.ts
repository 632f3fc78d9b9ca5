// The whole stack in one process tree, read top to bottom to start and bottom to top to stop.
//
// Servers that run elsewhere are asked first: a wrong password starts nothing. PostgreSQL, nats-server and the mailbox start side by
// side, for they know nothing of each other; then the two services, which need all three. Each of the five is supervised on its own
// (keep-running.ts): one that dies is started again while the others stay. A start that fails or is given up halfway stops what runs
// already, in the same order as a stop does. stack.json exists exactly while everything has been ready once: what reads it may begin at
// once, and what dies later comes back on the same ports.
import { rm } from 'node:fs/promises';
import { openDataDir } from '../data-dir/open-data-dir.ts';
import { ensureSecrets } from '../data-dir/secrets.ts';
import type { Progress } from '../console/progress.ts';
import { reachForeignServers } from '../foreign/reach-foreign-servers.ts';
import { refuseTakenPorts } from '../ports/ports.ts';
import { lockDataDir, stopLeftovers } from '../process/pid-files.ts';
import type { StackContext } from './keep-running.ts';
import { startMailboxPart } from './mailbox-part.ts';
import { startNatsPart } from './nats-part.ts';
import { startPostgresPart } from './postgres-part.ts';
import { type Backends, type ServicePart, startEmailService, startUserService } from './service-part.ts';
import { folderOf, neededPorts, type StackConfig } from './stack-config.ts';
import { publishStack, type StackFile, stackFilePath, type StackInfo } from './stack-file.ts';

export interface StackOptions {
  readonly config: StackConfig;
  readonly progress: Progress;
  /** A line for the console. */
  readonly print: (line: string) => void;
  /** Gives up the start. */
  readonly signal: AbortSignal;
}

export interface Stack extends AsyncDisposable {
  /** Where everything is. */
  readonly info: StackInfo;
}

/** Starts everything and resolves when all of it is ready. Disposing stops it in order. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { config, progress, print, signal } = options;
  await using starting = new AsyncDisposableStack();
  await openDataDir(config.dataDir);
  starting.use(await lockDataDir(folderOf(config, 'run')));
  await rm(stackFilePath(config.dataDir), { force: true });
  const leftovers = await stopLeftovers(folderOf(config, 'run'));
  if (leftovers.length > 0) progress.note(`ended what an earlier start left running: ${leftovers.join(', ')}`);
  await refuseTakenPorts(config.ports, neededPorts(config));
  await reachForeignServers({ config, progress, signal });

  const published: { file?: StackFile } = {};
  const secrets = await ensureSecrets(config.dataDir);
  const context: StackContext = {
    config,
    secrets,
    progress,
    print,
    signal,
    onRestart: () => published.file?.refresh(),
  };
  const [postgres, nats, mailbox] = await together(starting, [
    startPostgresPart(context),
    startNatsPart(context),
    startMailboxPart(context),
  ]);
  const backends = { postgres, nats, mailbox };
  const [user, email] = await together(starting, [
    startUserService(context, backends),
    startEmailService(context, backends),
  ]);

  const read = (): StackInfo => stackInfo(config, backends, { user, email });
  const onError = (error: unknown): void => progress.warn(`stack.json could not be written: ${String(error)}`);
  published.file = starting.use(await publishStack({ dataDir: config.dataDir, read, onError }));
  const running = starting.move();
  return {
    get info() {
      return read();
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

/**
 * Waits for all of them, also when one fails: what is still starting must be known before it can be stopped. They are disposed in
 * reverse order, one after the other.
 */
async function together<Parts extends readonly AsyncDisposable[]>(
  stack: AsyncDisposableStack,
  starts: { readonly [Part in keyof Parts]: Promise<Parts[Part]> },
): Promise<Parts> {
  const results = await Promise.allSettled<AsyncDisposable>(starts);
  for (const result of results) if (result.status === 'fulfilled') stack.use(result.value);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
  // Settled and fulfilled, every one of them.
  return Promise.all(starts) as Promise<Parts>;
}

function stackInfo(
  config: StackConfig,
  backends: Backends,
  services: { user: ServicePart; email: ServicePart },
): StackInfo {
  const { ports } = config;
  const { postgres, nats, mailbox } = backends;
  const pids = {
    user: services.user.pid(),
    email: services.email.pid(),
    nats: nats.pid(),
    postgres: postgres.pid(),
    mailbox: mailbox.pid(),
  };
  return {
    userUrl: `http://127.0.0.1:${ports.public}`,
    gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    adminUrl: `http://127.0.0.1:${ports.admin}`,
    emailUrl: `http://127.0.0.1:${ports.email}`,
    mailboxUrl: mailbox.url,
    smtpUrl: mailbox.smtpUrl,
    natsUrl: nats.as('user').url,
    natsOperatorUrl: nats.operatorUrl,
    natsKeysDir: nats.keysDir,
    natsMonitorUrl: nats.monitorUrl,
    databaseUrls: postgres.urls,
    pids,
  };
}
