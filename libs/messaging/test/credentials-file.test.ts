import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt';
import { nkeys } from '@nats-io/transport-node';
import { testFolder, testNats } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { connectNats } from '../src/index.ts';
import { log } from './messaging-fixture.ts';

test('a credentials file lets in, with its permissions; a renewed one is taken when the first runs out', async () => {
  await using folder = await testFolder('credentials');
  const [operator, user] = [nkeys.createOperator(), nkeys.createUser()];
  const [account, system] = [nkeys.createAccount(), nkeys.createAccount()];
  // Left out they are 0: nobody may connect.
  const limits = { conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true, subs: -1, data: -1, payload: -1 };
  const permissions = {
    subs: -1,
    data: -1,
    payload: -1,
    pub: { allow: ['crm.>'] },
    sub: { allow: ['_INBOX_crm.>', 'crm.>'] },
  };
  const credentials = async (secondsFromNow: number): Promise<Uint8Array> => {
    const exp = Math.floor(Date.now() / 1_000) + secondsFromNow;
    return fmtCreds(await encodeUser('crm', user, account, permissions, { exp }), user);
  };
  const accounts = join(folder.path, 'accounts.conf');
  const accountJwt = async (name: string, key: nkeys.KeyPair): Promise<string> =>
    `${key.getPublicKey()}: ${await encodeAccount(name, key, { limits }, { signer: operator })}`;
  await writeFile(
    accounts,
    `operator: ${await encodeOperator('postrider', operator)}
     system_account: ${system.getPublicKey()}
     resolver: MEMORY
     resolver_preload: {
       ${await accountJwt('POSTRIDER', account)}
       ${await accountJwt('SYSTEM', system)}
     }`,
  );
  await using server = await testNats({ topology: { streams: [], consumers: [] }, accounts });
  const credsFile = join(folder.path, 'crm.creds');
  await writeFile(credsFile, await credentials(3));
  const { host } = new URL(server.urls.operator);
  await using nats = connectNats({ url: `nats://${host}`, credsFile, name: 'crm', inboxPrefix: '_INBOX_crm', log });
  const connection = await nats.first();
  const heard = connection.subscribe('crm.news', { max: 1 });
  await expect(connection.request('user.v1.news')).rejects.toThrow(/permissions/i);

  await writeFile(credsFile, await credentials(3_600));
  await expect.poll(() => nats.generation(), { timeout: 30_000 }).toBe(2);
  await using other = connectNats({ url: `nats://${host}`, credsFile, name: 'crm', inboxPrefix: '_INBOX_crm', log });
  (await other.first()).publish('crm.news', 'still here');
  for await (const message of heard) expect(message.string()).toBe('still here');

  // One that somebody is just writing does not lock out who is in.
  await writeFile(credsFile, '-----BEGIN NATS USER JWT');
  await connection.reconnect();
  await expect.poll(() => nats.generation(), { timeout: 30_000 }).toBe(3);
});
