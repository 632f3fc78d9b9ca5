import { PermanentError } from '@postrider/messaging';
import { CompactEncrypt, exportJWK, generateKeyPair, type JWK } from 'jose';
import { expect, test } from 'vitest';
import { importSealingKeys, openSealed } from './open-sealed.ts';

const expected = {
  challengeId: '0192f1a0-7b00-7aaa-8bbb-123456789abc',
  purpose: 'email_verification',
  email: 'ada@example.com',
  expiresAt: '2026-11-25T09:00:00.000Z',
};
const secret = { token: 'sOv1mNfZ0Wd3xJ8Qk5uY7cT2bR9aL4hE6gP-iKzXwVo', code: '04819273' };

test('opens what was sealed for this event', async () => {
  const { keys, publicKey } = await keysFor('new');
  const sealed = await seal(publicKey, 'new');
  expect(await openSealed(keys, sealed, expected)).toEqual(secret);
});

test('during a rotation both keys open', async () => {
  const [older, newer] = [await keysFor('old'), await keysFor('new')];
  const keys = new Map([...newer.keys, ...older.keys]);
  expect(await openSealed(keys, await seal(older.publicKey, 'old'), expected)).toEqual(secret);
  expect(await openSealed(keys, await seal(newer.publicKey, 'new'), expected)).toEqual(secret);
});

test.each(Object.keys(expected))('refuses what was sealed for an event with another %s', async (member) => {
  const { keys, publicKey } = await keysFor('new');
  const sealed = await seal(publicKey, 'new', { ...expected, [member]: 'another' });
  await expect(openSealed(keys, sealed, expected)).rejects.toThrow(`its ${member} differs`);
});

test('refuses an unknown key, a wrong key, a changed header and other algorithms', async () => {
  const { keys, publicKey } = await keysFor('new');
  const sealed = await seal(publicKey, 'new');
  const [header = '', ...rest] = sealed.split('.');
  const forged = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), email: 'eve@example.com' };
  const changed = [Buffer.from(JSON.stringify(forged)).toString('base64url'), ...rest].join('.');
  await expect(openSealed(new Map(), sealed, expected)).rejects.toThrow(PermanentError);
  await expect(openSealed((await keysFor('new')).keys, sealed, expected)).rejects.toThrow('decrypted');
  await expect(openSealed(keys, changed, { ...expected, email: 'eve@example.com' })).rejects.toThrow('decrypted');
  await expect(openSealed(keys, await seal(publicKey, 'new', expected, 'ECDH-ES'), expected)).rejects.toThrow(
    'decrypted',
  );
  await expect(openSealed(keys, 'no.jwe.at.all.here', expected)).rejects.toThrow(PermanentError);
});

test('the reason never repeats the content', async () => {
  const { keys, publicKey } = await keysFor('new');
  for (const content of [JSON.stringify({ token: secret.token, code: 'abc' }), `no json ${secret.token}`]) {
    const sealed = await seal(publicKey, 'new', expected, 'ECDH-ES+A256KW', content);
    const error: unknown = await openSealed(keys, sealed, expected).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PermanentError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret.token);
  }
});

test('a key without its private part or its name is refused at the start', async () => {
  const { publicKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  await expect(importSealingKeys([{ ...(await exportJWK(publicKey)), kid: 'new' }])).rejects.toThrow('private');
});

async function keysFor(kid: string): Promise<{ keys: Awaited<ReturnType<typeof importSealingKeys>>; publicKey: Key }> {
  const { privateKey, publicKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid };
  return { keys: await importSealingKeys([jwk]), publicKey };
}

type Key = Awaited<ReturnType<typeof generateKeyPair>>['publicKey'];

function seal(
  publicKey: Key,
  kid: string,
  header: Record<string, string> = expected,
  alg = 'ECDH-ES+A256KW',
  content = JSON.stringify(secret),
): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(content))
    .setProtectedHeader({ alg, enc: 'A256GCM', kid, ...header })
    .encrypt(publicKey);
}
