import type { NatsPasswords } from '../nats/start-nats.ts';
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

export interface NatsServer extends AsyncDisposable, Restartable {
  /** The server as its three users, with the permissions of production. */
  readonly urls: NatsPasswords;
  readonly monitorUrl: string;
  /** Where the embedded server keeps its streams; a container keeps them to itself. */
  readonly storeDir?: string;
}

export const testNatsPasswords: NatsPasswords = { user: 'user', email: 'email', operator: 'operator' };

/** An empty PostgreSQL that answers. Disposing removes it and its files. */
export async function startPostgresOn(infra: TestInfra): Promise<PostgresServer> {
  if (infra.kind === 'containers') {
    const { startPostgresContainer } = await import('./containers/start-postgres-container.ts');
    return startPostgresContainer(infra.images.postgres);
  }
  const { startEmbeddedPostgres } = await import('./embedded/start-embedded-postgres.ts');
  return startEmbeddedPostgres();
}

/** A nats-server with users, without streams, that answers. Disposing removes it and its files. */
export async function startNatsOn(infra: TestInfra): Promise<NatsServer> {
  if (infra.kind === 'containers') {
    const { startNatsContainer } = await import('./containers/start-nats-container.ts');
    return startNatsContainer(infra.images.nats);
  }
  const { startEmbeddedNats } = await import('./embedded/start-embedded-nats.ts');
  return startEmbeddedNats(infra.natsServerBinary);
}
