import { Client, DatabaseError } from 'pg';
import { type ForeignServer, isTlsRefusal, type Patience, RefusedError, untilItAnswers } from './until-it-answers.ts';

export interface ReachedPostgres {
  /** `18.4`. */
  readonly version: string;
}

/** Makes sure that a service can live in the database at the URL: it answers, lets us in, and lets us create tables. */
export async function reachPostgres(server: ForeignServer, patience: Patience): Promise<ReachedPostgres> {
  return untilItAnswers(server, patience, async () => contact(server));
}

async function contact({ url, variable }: ForeignServer): Promise<ReachedPostgres> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  client.on('error', () => undefined); // Whatever breaks later is told by the query under way.
  try {
    await client.connect();
    return await look(client, variable);
  } catch (error) {
    throw refusal(error, variable) ?? error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function look(client: Client, variable: string): Promise<ReachedPostgres> {
  const { rows } = await client.query<{
    version: string;
    role: string;
    schema: string | null;
    mayCreate: boolean | null;
  }>(
    `select current_setting('server_version') as version, current_user as role, current_schema() as schema,
       has_schema_privilege(current_schema(), 'create') as "mayCreate"`,
  );
  const [row] = rows;
  if (row?.mayCreate !== true)
    throw new RefusedError(
      `the role "${row?.role}" may not create tables in the schema "${row?.schema ?? 'public'}"`,
      `Make it the owner of the database, or name another role in ${variable}`,
    );
  return { version: row.version };
}

/** What will be refused again; undefined for what may be over in a moment. */
function refusal(error: unknown, variable: string): RefusedError | undefined {
  if (!(error instanceof Error)) return undefined;
  const refuse = (fix: string): RefusedError => new RefusedError(error.message, fix, { cause: error });
  if (error instanceof DatabaseError) {
    // Starting up or shutting down, out of connections, connection exceptions.
    if (/^(57P|53|08)/.test(error.code ?? '')) return undefined;
    if (error.code === '28P01' || error.code === '28000') return refuse(`Put name and password right in ${variable}`);
    if (error.code === '3D000') return refuse(`Create the database, or name another one in ${variable}`);
    return refuse(`Put ${variable} right`);
  }
  if (error.message.startsWith('SASL: '))
    return new RefusedError('it wants a password that it was not given', `Say the password in ${variable}`, {
      cause: error,
    });
  if (error.message.includes('does not support SSL')) return refuse(`Leave sslmode out of ${variable}`);
  if (isTlsRefusal(error)) return refuse(`Let Node trust the certificate (NODE_EXTRA_CA_CERTS)`);
  return undefined;
}
