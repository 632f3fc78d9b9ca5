import { join } from 'node:path';
import { serverConfigPath } from '@postrider/topology';
import { natsUrls, startNats } from '../../nats/start-nats.ts';
import { freePort } from '../../process/free-port.ts';
import { startRestartable } from '../restartable.ts';
import { createTempFolder } from '../temp-folder.ts';
import { type NatsServer, testNatsPasswords } from '../test-infra.ts';

/** A nats-server in a folder of its own: a tenth of a second to start. */
export async function startEmbeddedNats(binary: string): Promise<NatsServer> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('nats'));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const options = {
    binary,
    configPath: serverConfigPath,
    storeDir: join(folder, 'store'),
    port,
    monitorPort,
    passwords: testNatsPasswords,
    folder,
  };
  const server = starting.use(await startRestartable(async () => startNats(options)));
  const running = starting.move();
  return {
    ...server,
    urls: natsUrls(port, testNatsPasswords),
    storeDir: options.storeDir,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}
