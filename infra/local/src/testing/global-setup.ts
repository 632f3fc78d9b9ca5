// What a whole run of the tests shares, made once before the first file: the choice of servers, and one PostgreSQL. Databases and servers
// of their own are made by the files themselves (test-database.ts, test-nats.ts).
//
// By default the servers are embedded. With TEST_INFRA=containers (wanted-images.ts) what `testDatabase`, `testPostgres` and `testNats`
// return runs in containers, with the same ports, data and outages, and no nats-server is looked for here. What is about the embedded
// servers themselves stays on them in both cases: postgres.test.ts, nats-server.test.ts, process.test.ts, data-dir.test.ts and
// start.test.ts of infra/local start their own and never ask for these. testcontainers is imported in the one case only.
import type { TestProject } from 'vitest/node';
import { findNatsServer } from '../nats/find-nats-server.ts';
import { natsServerLookup } from '../nats/nats-server-lookup.ts';
import { type TestInfra, startPostgresOn } from './test-infra.ts';
import { wantedImages } from './wanted-images.ts';

declare module 'vitest' {
  interface ProvidedContext {
    testInfra: TestInfra;
    /** The superuser of the run's PostgreSQL. */
    postgresAdminUrl: string;
  }
}

/** Vitest's global setup; what it returns is called after the last file. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const infra = await testInfra(process.env);
  const postgres = await startPostgresOn(infra);
  project.provide('testInfra', infra);
  project.provide('postgresAdminUrl', postgres.adminUrl);
  return async () => postgres[Symbol.asyncDispose]();
}

async function testInfra(env: NodeJS.ProcessEnv): Promise<TestInfra> {
  const images = wantedImages(env);
  if (images === undefined) {
    const { path } = await findNatsServer(natsServerLookup(env));
    return { kind: 'embedded', natsServerBinary: path };
  }
  const { requireDocker } = await import('./containers/require-docker.ts');
  await requireDocker();
  return { kind: 'containers', images };
}
