import { randomBytes } from 'node:crypto';
import { GenericContainer } from 'testcontainers';
import { answersQueries } from '../../postgres/answers-queries.ts';
import { postgresUrl } from '../../postgres/start-postgres.ts';
import { freePort } from '../../process/free-port.ts';
import type { PostgresServer } from '../test-infra.ts';
import { containerHost, startContainer } from './start-container.ts';

// As the embedded one has them for tests.
const settings = ['max_connections=200', 'timezone=UTC', 'fsync=off', 'full_page_writes=off'];

/** A PostgreSQL in a container of its own. */
export async function startPostgresContainer(image: string): Promise<PostgresServer> {
  const [host, port] = await Promise.all([containerHost(), freePort()]);
  const password = randomBytes(12).toString('hex');
  const url = new URL(postgresUrl({ port, user: 'postgres', password, database: 'postgres' }));
  url.hostname = host;
  const container = new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand(['postgres', ...settings.flatMap((setting) => ['-c', setting])])
    .withExposedPorts({ container: 5432, host: port });
  const server = await startContainer({
    title: `PostgreSQL from the image ${image} (TEST_POSTGRES_IMAGE)`,
    container,
    stopSignal: 'SIGINT',
    isReady: async () => answersQueries(url.href),
  });
  return { ...server, adminUrl: url.href };
}
