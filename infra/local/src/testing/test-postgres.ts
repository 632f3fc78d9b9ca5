import { inject } from 'vitest';
import { type PostgresServer, startPostgresOn } from './test-infra.ts';

export type TestPostgres = PostgresServer;

/**
 * A PostgreSQL of one's own, for tests of outages; most tests want `testDatabase`, which shares the run's. Disposing stops it and removes
 * its files.
 */
export async function testPostgres(): Promise<TestPostgres> {
  return startPostgresOn(inject('testInfra'));
}
