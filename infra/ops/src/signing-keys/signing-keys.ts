import type { Client } from 'pg';
import { type Command, UsageError } from '../command.ts';
import { query, withDatabase } from '../database.ts';

interface Key {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: 'published' | 'signing' | 'retiring';
  readonly notBefore: Date;
  readonly replaceAt: Date;
}

/** The keys that sign access tokens. No key is made here: a replica of the user service makes it, which alone can seal it. */
export const signingKeys: Command = {
  name: 'signing-keys',
  usage: 'list [--json] | rotate',
  summary: 'the keys that sign access tokens: see them, have the next one made',
  async run(args, { places, print }) {
    const [action, ...options] = args;
    const isJson = options.includes('--json');
    if ((action !== 'list' && action !== 'rotate') || options.some((one) => one !== '--json' || action === 'rotate'))
      throw new UsageError('signing-keys list [--json], or signing-keys rotate.');
    const { userDatabaseUrl } = await places();
    if (userDatabaseUrl === undefined)
      throw new UsageError('Say where the user service’s database is: USER_DATABASE_URL.');
    return withDatabase(userDatabaseUrl, async (client) => {
      if (action === 'list') return tell(await list(client), isJson, print);
      const due = await replaceNewest(client);
      if (due === undefined) print('There is no signing key yet: the user service makes the first one when it starts.');
      else
        print(
          `The successor of ${due} is made within a minute. It is published for ten minutes, then it signs; ten minutes later the old one is gone.`,
        );
      return due === undefined ? 1 : 0;
    });
  },
};

async function list(client: Client): Promise<Key[]> {
  return query<Key>(
    client,
    `select kid, algorithm, not_before as "notBefore", replace_at as "replaceAt",
       case when not_before > now() then 'published'
            when not_before = (select max(not_before) from signing_key where not_before <= now()) then 'signing'
            else 'retiring' end as state
     from signing_key order by not_before desc`,
    [],
  );
}

function tell(keys: readonly Key[], isJson: boolean, print: (line: string) => void): number {
  for (const key of keys) {
    const { kid, algorithm, state, notBefore, replaceAt } = key;
    const from = notBefore.toISOString();
    print(
      isJson
        ? JSON.stringify(key)
        : `${kid}  ${algorithm}  ${state.padEnd(9)}  signs from ${from}, to be replaced from ${replaceAt.toISOString()}`,
    );
  }
  return keys.length === 0 ? 1 : 0;
}

/** A key is replaced when its time has come, so its time comes now. */
async function replaceNewest(client: Client): Promise<string | undefined> {
  await client.query('begin read write');
  const [due] = await query<{ kid: string }>(
    client,
    `update signing_key set replace_at = now()
     where kid = (select kid from signing_key order by not_before desc limit 1) returning kid`,
    [],
  );
  await client.query('commit');
  return due?.kid;
}
