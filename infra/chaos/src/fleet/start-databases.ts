import {
  ensureDatabase,
  freePort,
  postgresBinaries,
  preparePostgresHome,
  serverAccount,
  startPostgres,
} from '@postrider/local';
import { type Member, startMember } from './member.ts';
import type { FleetContext } from './start-fleet.ts';

export interface Databases extends AsyncDisposable {
  readonly member: Member;
  /** The superuser on the database of the user service, and on that of the email service. */
  readonly adminUrls: { readonly user: string; readonly email: string };
  /** As the services connect. */
  readonly urls: { readonly user: string; readonly email: string };
}

/** One PostgreSQL with both databases. It keeps what was committed when its processes are killed, as a real one does. */
export async function startDatabases({ dataDir, secrets, logTo, onTrouble }: FleetContext): Promise<Databases> {
  const [binaries, account, port] = await Promise.all([postgresBinaries(), serverAccount(), freePort()]);
  const home = await preparePostgresHome({ dataDir, binaries, account, elsewhereIn: dataDir });
  const password = secrets.postgres.superuser;
  let adminUrl = '';
  const member = await startMember({
    name: 'postgres',
    kind: 'postgres',
    onTrouble,
    onLine: logTo('postgres'),
    start: async (hooks) => {
      // A killed process loses nothing that it gave to the system, so there is no need to wait for the disk.
      const settings = { max_prepared_transactions: '10' };
      const server = await startPostgres({ home, port, password, durability: 'fast', settings, ...hooks });
      adminUrl = server.adminUrl;
      return server;
    },
  });
  const { user, email } = secrets.postgres;
  const urls = {
    user: await ensureDatabase({ adminUrl, name: 'user', password: user }),
    email: await ensureDatabase({ adminUrl, name: 'email', password: email }),
  };
  const adminUrls = { user: onDatabase(adminUrl, 'user'), email: onDatabase(adminUrl, 'email') };
  return { member, adminUrls, urls, [Symbol.asyncDispose]: async () => member[Symbol.asyncDispose]() };
}

function onDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
