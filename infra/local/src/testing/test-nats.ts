import { join } from 'node:path';
import type { Topology } from '@postrider/messaging';
import { serverConfigPath, topology as declaredTopology } from '@postrider/topology';
import { pino } from 'pino';
import { inject } from 'vitest';
import { applyTopologyTo } from '../nats/apply-topology-to.ts';
import { type NatsPasswords, natsUrls, startNats } from '../nats/start-nats.ts';
import { freePort } from '../process/free-port.ts';
import { type Restartable, startRestartable } from './restartable.ts';
import { createTempFolder } from './temp-folder.ts';

export interface TestNatsOptions {
  /** Instead of the declared one; `{ streams: [], consumers: [] }` is a bare server. */
  readonly topology?: Topology;
}

export interface TestNats extends AsyncDisposable, Restartable {
  /** The server as its three users, with the permissions of production. */
  readonly urls: NatsPasswords;
  readonly monitorUrl: string;
}

/** A nats-server of one's own with the streams and consumers applied, in a tenth of a second. Disposing removes its files. */
export async function testNats({ topology = declaredTopology }: TestNatsOptions = {}): Promise<TestNats> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('nats'));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const passwords = { user: 'user', email: 'email', operator: 'operator' };
  const options = {
    binary: inject('natsServerBinary'),
    configPath: serverConfigPath,
    storeDir: join(folder, 'store'),
    port,
    monitorPort,
    passwords,
    folder,
  };
  const server = starting.use(await startRestartable(async () => startNats(options)));
  const urls = natsUrls(port, passwords);
  await applyTopologyTo(urls.operator, topology, pino({ level: 'silent' }));
  const running = starting.move();
  return {
    ...server,
    urls,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}
