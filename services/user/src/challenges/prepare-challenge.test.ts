import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { expect, test } from 'vitest';
import { createChallengeMaker } from './prepare-challenge.ts';
import { hashCode, hashToken, isSameHash } from './secrets.ts';

const codeKey = new Uint8Array(32).fill(7);
const now = new Date('2026-01-01T00:00:00Z');

test('a challenge holds hashes, and its secrets for the email service alone', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  const prepare = await createChallengeMaker({
    sealingPublicKey: { ...(await exportJWK(publicKey)), kid: 'k1' },
    codeKey,
  });
  const prepared = await prepare('email_verification', 'ada@example.com', now);

  const { plaintext, protectedHeader } = await compactDecrypt(prepared.sealed, privateKey);
  const { token, code } = JSON.parse(new TextDecoder().decode(plaintext));
  expect(token).toMatch(/^[\w-]{64}$/);
  expect(code).toMatch(/^\d{8}$/);
  expect(hashToken(token)).toBe(prepared.tokenHash);
  expect(hashCode(code, prepared.id, codeKey)).toBe(prepared.codeHash);
  expect(Buffer.from(token, 'base64url').subarray(0, 16).toString('hex')).toBe(prepared.id.replaceAll('-', ''));
  expect(protectedHeader).toMatchObject({
    kid: 'k1',
    challengeId: prepared.id,
    purpose: 'email_verification',
    email: 'ada@example.com',
    expiresAt: '2026-01-02T00:00:00.000Z',
  });
  const visible = JSON.stringify(prepared);
  expect(visible).not.toContain(token);
  expect(visible).not.toContain(code);
});

test('a code is bound to its challenge and to the key', () => {
  const hash = hashCode('12345678', 'challenge-a', codeKey);
  expect(isSameHash(hash, hashCode('12345678', 'challenge-a', codeKey))).toBe(true);
  expect(isSameHash(hash, hashCode('12345678', 'challenge-b', codeKey))).toBe(false);
  expect(isSameHash(hash, hashCode('12345678', 'challenge-a', new Uint8Array(32)))).toBe(false);
});
