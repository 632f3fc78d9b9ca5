import { GenericContainer } from 'testcontainers';
import { doorsOf, serverEnvironment } from '../../nats/nats-secrets.ts';
import { freePort } from '../../process/free-port.ts';
import { answersOk } from '../../process/start-server.ts';
import { type NatsServer, type Seeds, testNatsSecrets } from '../test-infra.ts';
import { containerHost, startContainer } from './start-container.ts';

const config = '/etc/nats/accounts.conf';

/** A nats-server in a container of its own, with the configuration of production. */
export async function startNatsContainer(image: string, accounts: string, seeds: Seeds): Promise<NatsServer> {
  const [host, port, monitorPort] = [await containerHost(), await freePort(), await freePort()];
  const monitorUrl = `http://${host}:${monitorPort}`;
  const secrets = await testNatsSecrets(accounts, seeds);
  const container = new GenericContainer(image)
    .withCopyFilesToContainer([{ source: accounts, target: config }])
    .withEnvironment(await serverEnvironment(secrets))
    .withCommand(['-c', config, '-js', '-sd', '/data', '-p', '4222', '-m', '8222'])
    .withExposedPorts({ container: 4222, host: port }, { container: 8222, host: monitorPort });
  const server = await startContainer({
    title: `nats-server from the image ${image} (TEST_NATS_IMAGE)`,
    container,
    stopSignal: 'SIGTERM',
    isReady: async () => answersOk(`${monitorUrl}/healthz`, AbortSignal.timeout(2_000)),
  });
  return { ...server, monitorUrl, ...doorsOf([`${host}:${port}`], secrets) };
}
