import { serverConfigPath } from '@postrider/topology';
import { GenericContainer } from 'testcontainers';
import { natsUrls } from '../../nats/start-nats.ts';
import { freePort } from '../../process/free-port.ts';
import { answersOk } from '../../process/start-server.ts';
import { type NatsServer, testNatsPasswords } from '../test-infra.ts';
import { containerHost, startContainer } from './start-container.ts';

const config = '/etc/nats/server.conf';

/** A nats-server in a container of its own, with the configuration of production. */
export async function startNatsContainer(image: string): Promise<NatsServer> {
  const [host, port, monitorPort] = [await containerHost(), await freePort(), await freePort()];
  const monitorUrl = `http://${host}:${monitorPort}`;
  const container = new GenericContainer(image)
    .withCopyFilesToContainer([{ source: serverConfigPath, target: config }])
    .withEnvironment({
      NATS_USER_PASSWORD: testNatsPasswords.user,
      NATS_EMAIL_PASSWORD: testNatsPasswords.email,
      NATS_OPERATOR_PASSWORD: testNatsPasswords.operator,
    })
    .withCommand(['-c', config, '-js', '-sd', '/data', '-p', '4222', '-m', '8222'])
    .withExposedPorts({ container: 4222, host: port }, { container: 8222, host: monitorPort });
  const server = await startContainer({
    title: `nats-server from the image ${image} (TEST_NATS_IMAGE)`,
    container,
    stopSignal: 'SIGTERM',
    isReady: async () => answersOk(`${monitorUrl}/healthz`, AbortSignal.timeout(2_000)),
  });
  return { ...server, monitorUrl, urls: natsUrls(port, testNatsPasswords, host) };
}
