import { readFile } from 'node:fs/promises';
import { makeSeeds, type NatsDoors, type NatsSecrets } from '../nats/nats-secrets.ts';
import { nkeyUsersOf } from '@postrider/topology';
import type { Restartable } from './restartable.ts';
import type { TestImages } from './wanted-images.ts';

/** What the servers of this run are, decided once in global-setup.ts. Plain data: it is handed to other processes. */
export type TestInfra =
  | { readonly kind: 'embedded'; readonly natsServerBinary: string }
  | { readonly kind: 'containers'; readonly images: TestImages };

export interface PostgresServer extends AsyncDisposable, Restartable {
  /** The superuser on the database `postgres`. */
  readonly adminUrl: string;
}

/** Of users whose keys were made elsewhere. */
export type Seeds = NatsSecrets['seeds'];

/** Its users are those of production, with their permissions. */
export interface NatsServer extends AsyncDisposable, Restartable, NatsDoors {
  readonly monitorUrl: string;
  /** Where the embedded server keeps its streams; a container keeps them to itself. */
  readonly storeDir?: string;
}

/** For every user that a file of accounts has; those in `known` have a seed already. */
export async function testNatsSecrets(accounts: string, known: NatsSecrets['seeds'] = {}): Promise<NatsSecrets> {
  const seeds = { ...makeSeeds(nkeyUsersOf(await readFile(accounts, 'utf8'))), ...known };
  return { seeds, operator: 'operator', system: 'system' };
}

/** An empty PostgreSQL that answers. Disposing removes it and its files. */
export async function startPostgresOn(infra: TestInfra): Promise<PostgresServer> {
  if (infra.kind === 'containers') {
    const { startPostgresContainer } = await import('./containers/start-postgres-container.ts');
    return startPostgresContainer(infra.images.postgres);
  }
  const { startEmbeddedPostgres } = await import('./embedded/start-embedded-postgres.ts');
  return startEmbeddedPostgres();
}

/** A nats-server with the users of `accounts`, without streams, that answers. Disposing removes it and its files. */
export async function startNatsOn(infra: TestInfra, accounts: string, seeds: Seeds = {}): Promise<NatsServer> {
  if (infra.kind === 'containers') {
    const { startNatsContainer } = await import('./containers/start-nats-container.ts');
    return startNatsContainer(infra.images.nats, accounts, seeds);
  }
  const { startEmbeddedNats } = await import('./embedded/start-embedded-nats.ts');
  return startEmbeddedNats(infra.natsServerBinary, accounts, seeds);
}
