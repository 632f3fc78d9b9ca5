// What a whole run of the tests shares, made once before the first file: one PostgreSQL, and the path of a nats-server. Databases and
// servers of their own are made by the files themselves (test-database.ts, test-nats.ts).
import type { TestProject } from 'vitest/node';
import { findNatsServer } from '../nats/find-nats-server.ts';
import { natsServerLookup } from '../nats/nats-server-lookup.ts';
import { testPostgres } from './test-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser of the run's PostgreSQL. */
    postgresAdminUrl: string;
    natsServerBinary: string;
  }
}

/** Vitest's global setup; what it returns is called after the last file. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const nats = await findNatsServer(natsServerLookup(process.env));
  const postgres = await testPostgres();
  project.provide('postgresAdminUrl', postgres.adminUrl);
  project.provide('natsServerBinary', nats.path);
  return async () => postgres[Symbol.asyncDispose]();
}
