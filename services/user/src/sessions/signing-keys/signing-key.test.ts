import { calculateJwkThumbprint } from 'jose';
import { expect, test } from 'vitest';
import { makeSigningKey, openSigningKey, signingAlgorithms } from './signing-key.ts';

const encryptionKey = new Uint8Array(32).fill(1);

test.each(signingAlgorithms)(
  'a key of %s: its thumbprint names it, its private half opens with the right key alone',
  async (algorithm) => {
    const stored = await makeSigningKey(algorithm, encryptionKey);
    expect(stored.kid).toBe(await calculateJwkThumbprint(stored.publicJwk));
    expect(stored.publicJwk).toMatchObject({ kid: stored.kid, alg: algorithm, use: 'sig' });
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(stored.publicJwk).not.toHaveProperty(secret);
    expect(await openSigningKey(stored, encryptionKey)).toMatchObject({ privateKey: { type: 'private' } });
    expect(await openSigningKey(stored, new Uint8Array(32).fill(2))).toMatchObject({
      privateKey: undefined,
      publicKey: { type: 'public' },
    });
  },
);

test('a sealed private key is not taken for another one', async () => {
  const [one, other] = [await makeSigningKey('ES256', encryptionKey), await makeSigningKey('ES256', encryptionKey)];
  const swapped = { ...one, sealedPrivateJwk: other.sealedPrivateJwk };
  expect((await openSigningKey(swapped, encryptionKey)).privateKey).toBeUndefined();
});
