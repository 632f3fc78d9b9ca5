import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { writeFileAtOnce } from '../data-dir/write-file-at-once.ts';
import { findNatsServer } from '../nats/find-nats-server.ts';
import { type NatsAccess } from '@postrider/messaging';
import { type RunningNats, startNats } from '../nats/start-nats.ts';
import type { Supervised } from '../process/supervise.ts';
import { keepRunning, type StackContext } from './keep-running.ts';
import { folderOf } from './stack-config.ts';

export interface NatsPart extends AsyncDisposable {
  /** As a service. */
  as(user: 'user' | 'email'): NatsAccess;
  readonly operatorUrl: string;
  /** Where the keys are; undefined for a server that runs elsewhere. */
  readonly keysDir?: string;
  readonly monitorUrl?: string;
  pid(): number | undefined;
}

/** A nats-server with the declared streams and consumers, or the one that runs elsewhere with the same applied. */
export async function startNatsPart(context: StackContext): Promise<NatsPart> {
  const { config } = context;
  const { natsUrl } = config.external;
  if (natsUrl !== undefined) {
    await applyDeclared(context, natsUrl, { mayDestroy: false });
    // Its users are somebody else's: everybody is the one whom the URL names.
    const as = (): NatsAccess => ({ url: natsUrl });
    return { as, operatorUrl: natsUrl, pid: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  }
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startEmbedded(context));
  const { as, urls, monitorUrl } = server.current;
  // A development stack follows its declarations; what it loses, the outbox publishes again.
  await applyDeclared(context, urls.operator, { mayDestroy: true });
  const running = starting.move();
  return {
    as,
    operatorUrl: urls.operator,
    keysDir: folderOf(context.config, 'nkeys'),
    monitorUrl,
    pid: () => server.current.pid,
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function startEmbedded(context: StackContext): Promise<Supervised<RunningNats>> {
  const { config, secrets, progress } = context;
  const { nats: port, natsMonitor: monitorPort } = config.ports;
  const { serverConfigPath: configPath } = await import('@postrider/topology');
  const storeDir = folderOf(config, 'nats');
  await writeSeeds(folderOf(config, 'nkeys'), secrets.nats.seeds);
  return progress.step(`nats-server on port ${port}`, async (detail) => {
    const { path: binary, version, from } = await findNatsServer({ ...config.natsServer, note: progress.note });
    detail(`version ${version} (${from})`);
    return keepRunning(context, 'nats', async (attempt) =>
      startNats({ binary, configPath, port, monitorPort, storeDir, secrets: secrets.nats, ...attempt }),
    );
  });
}

/** A file for each user, as `nats --nkey` and the clients of other languages take it. */
async function writeSeeds(folder: string, seeds: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [user, seed] of Object.entries(seeds)) await writeFileAtOnce(join(folder, `${user}.nk`), `${seed}\n`);
}

async function applyDeclared(
  { config, progress }: StackContext,
  operatorUrl: string,
  { mayDestroy }: { mayDestroy: boolean },
): Promise<void> {
  await progress.step('streams and consumers', async (detail) => {
    const [{ topology }, { applyTopologyTo }] = await Promise.all([
      import('@postrider/topology'),
      import('../nats/apply-topology-to.ts'),
    ]);
    const log = pino(pino.destination({ dest: join(folderOf(config, 'logs'), 'topology.log'), sync: true }));
    await applyTopologyTo({ url: operatorUrl, topology, log, mayDestroy });
    detail(topology.streams.map(({ name }) => name).join(' '));
  });
}
