import type { Progress } from '../console/progress.ts';
import type { StackConfig } from '../stack/stack-config.ts';
import { UnusableConfigError } from '../stack/unusable-config-error.ts';
import { reachNats } from './reach-nats.ts';
import { reachPostgres } from './reach-postgres.ts';
import type { ForeignServer, Patience } from './until-it-answers.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface ForeignServersOptions {
  readonly config: StackConfig;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly patienceMs?: number;
}

/**
 * Makes sure of the databases and the NATS that run elsewhere before anything is started here, and says which are used. The first one
 * that can't be used ends the waiting for the others.
 *
 * @throws an error that tells every failure so far
 */
export async function reachForeignServers(options: ForeignServersOptions): Promise<void> {
  const { config, progress, signal, patienceMs = 10_000 } = options;
  const failed = new AbortController();
  const patience = { patienceMs, signal: AbortSignal.any([signal, failed.signal]), note: progress.note };
  const failures: unknown[] = [];
  const reach = async (server: Contact): Promise<void> => {
    try {
      await progress.step(server.title, async (detail) => {
        const { version } = await server.reach(server, patience);
        detail(`${withoutSecrets(server.url)}, version ${version}`);
      });
    } catch (error) {
      // Who was only given up because of another one's failure has nothing to tell.
      if (!(error instanceof Error && error.name === 'AbortError')) failures.push(error);
      failed.abort();
    }
  };
  sayWhatIsNotRead(config, progress);
  await Promise.all(foreignServers(config).map(reach));
  signal.throwIfAborted();
  if (failures.length === 0) return;
  const message = failures.map((error) => (error instanceof Error ? error.message : String(error))).join('\n');
  if (failures.some((error) => error instanceof UnusableConfigError)) throw new UnusableConfigError(message);
  throw new Error(message);
}

interface Contact extends ForeignServer {
  readonly title: string;
  readonly reach: (server: ForeignServer, patience: Patience) => Promise<{ readonly version: string }>;
}

function foreignServers({ external }: StackConfig): Contact[] {
  const { userDatabaseUrl, emailDatabaseUrl, natsUrl } = external;
  const contact = (server: Omit<Contact, 'title' | 'url'>, name: string, url: string | undefined): Contact[] =>
    url === undefined ? [] : [{ ...server, url, title: `${name}: using ${server.variable}` }];
  const postgres = { reach: reachPostgres, otherwise: 'the embedded PostgreSQL' };
  const nats = { reach: reachNats, otherwise: 'the embedded nats-server' };
  return [
    ...contact({ ...postgres, variable: 'USER_DATABASE_URL' }, 'PostgreSQL', userDatabaseUrl),
    ...contact({ ...postgres, variable: 'EMAIL_DATABASE_URL' }, 'PostgreSQL', emailDatabaseUrl),
    ...contact({ ...nats, variable: 'NATS_URL' }, 'NATS', natsUrl),
  ];
}

/** A service alone is told its database by DATABASE_URL; here there are two of them. */
function sayWhatIsNotRead({ env, external }: StackConfig, progress: Progress): void {
  const given = external.userDatabaseUrl ?? external.emailDatabaseUrl;
  if (env['DATABASE_URL'] && given === undefined)
    progress.warn(
      'DATABASE_URL is not read here: each service has a database of its own, USER_DATABASE_URL and EMAIL_DATABASE_URL',
    );
}
