import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { headers as createHeaders } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';
import { applyTopologyTo } from '@postrider/local';
import { connectNats } from '@postrider/messaging';
import { Client } from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { residentMiB } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { accountNumber, openedBy } from '../peers/account.ts';
import { accountOpened } from '../peers/postrider/contract.ts';
import { postrider } from '../peers/postrider/postrider.ts';
import { benchTopology } from '../peers/postrider/topology.ts';
import { type Servers, startServers } from '../servers/start-servers.ts';

const log = pino({ level: 'silent' });
const inFlight = 256;

/** What a nats-server holds in memory and on disk for events that a stream keeps, and how long it takes to find them again. */
export async function measureKeptEvents(
  { env }: { env: NodeJS.ProcessEnv },
  { events, accounts }: { events: number; accounts: number },
): Promise<object> {
  await using servers = await startServers({ needs: ['nats'], env });
  const broker = brokerOf(servers);
  await applyTopologyTo({ url: broker.url, topology: benchTopology(1), log });
  const emptyMiB = residentOf(broker);
  await publish(broker.url, events, accounts);
  const fullMiB = residentOf(broker);
  await broker.stop();
  const diskMiB = rounded((await sizeOf(broker.stores[0] ?? '')) / 2 ** 20);
  const startedAt = performance.now();
  await broker.start();
  return {
    events,
    accounts,
    residentMiB: { empty: emptyMiB, full: fullMiB, 'after a restart': residentOf(broker) },
    diskMiB,
    restartMs: Math.round(performance.now() - startedAt),
  };
}

/** What the outbox's tables hold on disk for events that are kept, as waiting and as published. */
export async function measureKeptRows(
  { env }: { env: NodeJS.ProcessEnv },
  { events }: { events: number },
): Promise<object> {
  const peer = postrider();
  await using servers = await startServers({ needs: peer.needs, env });
  const { places } = servers;
  await peer.setUp(places);
  await peer.fill(places, events);
  await using client = await openClient(places.databaseUrl);
  const bytesOf = async (table: string): Promise<number> => {
    const { rows } = await client.query<{ bytes: string }>('select pg_total_relation_size($1) as bytes', [table]);
    return Number(rows[0]?.bytes);
  };
  return {
    events,
    bytesPerEvent: Math.round((await bytesOf('outbox_event')) / events),
    bytesPerEventWaiting: Math.round((await bytesOf('outbox_pending')) / events),
  };
}

async function openClient(connectionString: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: async () => client.end() });
}

type Broker = NonNullable<Servers['broker']>;

function brokerOf({ broker }: Servers): Broker {
  if (broker === undefined) throw new Error('There is no broker.');
  return broker;
}

function residentOf({ pids }: Broker): number {
  return residentMiB(pids['nats'] ?? 0).total;
}

async function publish(url: string, events: number, accounts: number): Promise<void> {
  await using nats = connectNats({ url, name: 'bench', log });
  const js = jetstream(await nats.first());
  const ids = Array.from({ length: accounts }, (_, index) => accountNumber(index));
  for (let first = 0; first < events; first += inFlight)
    await Promise.all(
      Array.from({ length: Math.min(inFlight, events - first) }, async (_, index) => {
        const account = ids[(first + index) % accounts];
        if (account === undefined) throw new Error('There is no account.');
        const { subject, payload } = accountOpened.create(openedBy(first + index, account));
        const headers = createHeaders();
        headers.set('ce-id', uuidv7());
        await js.publish(subject, JSON.stringify(payload), { headers, msgID: uuidv7() });
      }),
    );
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
