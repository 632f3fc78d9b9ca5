import { join } from 'node:path';
import { doorsOf } from '../../nats/nats-secrets.ts';
import { startNats } from '../../nats/start-nats.ts';
import { freePort } from '../../process/free-port.ts';
import { startRestartable } from '../restartable.ts';
import { createTempFolder } from '../temp-folder.ts';
import { type NatsServer, type Seeds, testNatsSecrets } from '../test-infra.ts';

/** A nats-server in a folder of its own: a tenth of a second to start. */
export async function startEmbeddedNats(binary: string, configPath: string, seeds: Seeds): Promise<NatsServer> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('nats'));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const secrets = await testNatsSecrets(configPath, seeds);
  const options = {
    binary,
    configPath,
    storeDir: join(folder, 'store'),
    port,
    monitorPort,
    secrets,
    folder,
  };
  const server = starting.use(await startRestartable(async () => startNats(options)));
  const running = starting.move();
  return {
    ...server,
    ...doorsOf([`127.0.0.1:${port}`], secrets),
    storeDir: options.storeDir,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}
