import { base64url, CompactSign, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { makeSigningKey, openSigningKey, signingAlgorithms } from '../signing-keys/signing-key.ts';
import { createAccessTokens } from './access-token.ts';

const identity = { userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5', sessionId: '0192f1a0-7c00-7bbb-8ccc-23456789abcd' };
const now = new Date('2026-11-24T09:00:00Z');
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);
const settings = { issuer: 'https://accounts.example.com', audience: 'postrider' };

async function issuer(algorithm: (typeof signingAlgorithms)[number] = 'ES256') {
  const encryptionKey = new Uint8Array(32);
  const { privateKey, ...key } = await openSigningKey(await makeSigningKey(algorithm, encryptionKey), encryptionKey);
  if (privateKey === undefined) throw new Error('It opens with its own key.');
  const signing = { ...key, privateKey };
  const keys = { current: () => signing, find: async (kid: string) => (kid === key.kid ? signing : undefined) };
  return { key: signing, tokens: createAccessTokens({ keys, ...settings }) };
}

test.each(signingAlgorithms)('a token signed with %s verifies for five minutes and no longer', async (algorithm) => {
  const { tokens, key } = await issuer(algorithm);
  const token = await tokens.issueAccessToken(identity, now);
  const [header = '', payload = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  expect(JSON.parse(header)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: key.kid });
  expect(JSON.parse(payload)).toEqual({
    iss: settings.issuer,
    aud: settings.audience,
    sub: identity.userId,
    sid: identity.sessionId,
    client_id: 'first-party',
    iat: now.getTime() / 1_000,
    exp: now.getTime() / 1_000 + 300,
    jti: expect.stringMatching(/^[\da-f-]{36}$/),
  });
  expect(await tokens.verifyAccessToken(token, later(299))).toEqual(identity);
  const refused = { refusal: 'unauthenticated', code: 'invalid_token' };
  await expect(tokens.verifyAccessToken(token, later(306))).rejects.toMatchObject(refused);
  await expect(tokens.verifyAccessToken(token, later(-60))).rejects.toMatchObject(refused); // Of the future.
});

/** Abuse case 25, and its kin of RFC 8725: each is one change to a token that would be good without it. */
test('of the attack corpus nothing passes, and everything gets the same answer', async () => {
  const { key, tokens } = await issuer();
  const eve = await generateKeyPair('ES256', { extractable: true });
  const evesJwk = await exportJWK(eve.publicKey);
  const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid };
  const iat = now.getTime() / 1_000;
  const claims = {
    iss: settings.issuer,
    aud: settings.audience,
    sub: identity.userId,
    sid: identity.sessionId,
    client_id: 'first-party',
    iat,
    exp: iat + 300,
    jti: '1',
  };
  const part = (value: unknown): string => base64url.encode(typeof value === 'string' ? value : JSON.stringify(value));
  const sign = (more: object, payload: object = claims, signer = key.privateKey): Promise<string> =>
    new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({ ...header, ...more })
      .sign(signer, { crit: { b64: true, 'urn:evil': true } });
  const good = await sign({});
  expect(await tokens.verifyAccessToken(good, now)).toEqual(identity); // Or the corpus proves nothing.
  const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.');
  const hmacWith = async (secret: string | object): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(Buffer.from(typeof secret === 'string' ? secret : JSON.stringify(secret)));
  const without = (name: keyof typeof claims): object => ({ ...claims, [name]: undefined });

  const corpus: Record<string, string | Promise<string>> = {
    'alg none': `${part({ ...header, alg: 'none' })}.${goodPayload}.`,
    'alg None with the signature': `${part({ ...header, alg: 'None' })}.${goodPayload}.${goodSignature}`,
    'HS256 with the public key as PEM': hmacWith(await exportSPKI(key.publicKey)),
    'HS256 with the public key as JWK': hmacWith(key.publicJwk),
    'an algorithm of another family': `${part({ ...header, alg: 'RS256' })}.${goodPayload}.${goodSignature}`,
    'a list of algorithms': `${part({ ...header, alg: ['ES256'] })}.${goodPayload}.${goodSignature}`,
    'an embedded jwk': sign({ jwk: evesJwk }, claims, eve.privateKey),
    'an embedded jwk, no kid': sign({ jwk: evesJwk, kid: undefined }, claims, eve.privateKey),
    'our own jwk embedded': sign({ jwk: key.publicJwk }),
    jku: sign({ jku: 'https://evil.example/jwks.json' }),
    x5u: sign({ x5u: 'https://evil.example/chain.pem' }),
    x5c: sign({ x5c: ['MIIB'] }),
    'unknown crit': sign({ crit: ['urn:evil'], 'urn:evil': true }),
    'b64 false': sign({ crit: ['b64'], b64: true }),
    zip: sign({ zip: 'DEF' }),
    'another key under our kid': sign({}, claims, eve.privateKey),
    'unknown kid': sign({ kid: 'nobody' }),
    'kid as a path': sign({ kid: '../../dev/null' }),
    'kid as SQL': sign({ kid: "' or 1=1 --" }),
    'kid as a list': sign({ kid: [key.kid] }),
    'no kid': sign({ kid: undefined }),
    'typ JWT': sign({ typ: 'JWT' }),
    'typ of an ID token': sign({ typ: undefined }),
    'typ application/at+jwt': sign({ typ: 'application/at+jwt' }),
    'another audience': sign({}, { ...claims, aud: 'other' }),
    'ours among several audiences': sign({}, { ...claims, aud: ['postrider', 'other'] }),
    'another issuer': sign({}, { ...claims, iss: 'https://accounts.example.com.evil.example' }),
    'the issuer with a slash': sign({}, { ...claims, iss: `${settings.issuer}/` }),
    'exp as a string': sign({}, { ...claims, exp: String(iat + 300) }),
    'exp far away': sign({}, { ...claims, iat: iat - 1_000, exp: iat + 1e9 }),
    'exp infinite': `${goodHeader}.${part(JSON.stringify(claims).replace(String(iat + 300), '1e999'))}.${goodSignature}`,
    'no exp': sign({}, without('exp')),
    'no iat': sign({}, without('iat')),
    'iat in the future': sign({}, { ...claims, iat: iat + 60 }),
    'nbf in the future': sign({}, { ...claims, nbf: iat + 60 }),
    'no aud': sign({}, without('aud')),
    'no iss': sign({}, without('iss')),
    'no sid': sign({}, without('sid')),
    'no jti': sign({}, without('jti')),
    'sub that is no account': sign({}, { ...claims, sub: 'admin' }),
    'sub as a list': sign({}, { ...claims, sub: [identity.userId] }),
    'a payload that is a list': `${goodHeader}.${part([claims])}.${goodSignature}`,
    'another payload': `${goodHeader}.${part({ ...claims, sub: identity.sessionId })}.${goodSignature}`,
    'no signature': `${goodHeader}.${goodPayload}.`,
    'a signature of zeros (CVE-2022-21449)': `${goodHeader}.${goodPayload}.${part('\0'.repeat(64))}`,
    'a cut signature': good.slice(0, -2),
    'four parts': `${good}.${goodSignature}`,
    'five parts, as a JWE': `${good}.${goodSignature}.${goodSignature}`,
    'two parts': `${goodHeader}.${goodPayload}`,
    'JSON serialisation': JSON.stringify({ payload: goodPayload, protected: goodHeader, signature: goodSignature }),
    'a megabyte': `${goodHeader}.${part({ ...claims, padding: 'x'.repeat(1_000_000) })}.${goodSignature}`,
    'a megabyte of dots': '.'.repeat(1_000_000),
    'a header of null': `${part('null')}.${goodPayload}.${goodSignature}`,
    'a header that is no JSON': `${part('{')}.${goodPayload}.${goodSignature}`,
    'padded base64': `${goodHeader}==.${goodPayload}.${goodSignature}`,
    'white space': ` ${good}`,
    'a line break': `${goodHeader}\n.${goodPayload}.${goodSignature}`,
    nothing: '',
    text: 'not a token',
  };
  const answers: Record<string, unknown> = {};
  for (const [name, token] of Object.entries(corpus)) {
    answers[name] = await tokens.verifyAccessToken(await token, now).then(
      () => 'PASSED',
      (error: unknown) => (error as { code?: string }).code,
    );
  }
  expect(answers).toEqual(Object.fromEntries(Object.keys(corpus).map((name) => [name, 'invalid_token'])));
});
