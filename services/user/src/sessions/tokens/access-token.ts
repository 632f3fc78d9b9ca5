import { randomUUID } from 'node:crypto';
import { DomainError } from '@postrider/runtime/domain-error';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { SigningKeys } from '../signing-keys/signing-keys.ts';

/** Whom a request comes from: proven by its access token. */
export interface Identity {
  readonly userId: string;
  readonly sessionId: string;
}

/** How long an access token is good for, by itself: whoever can ask us knows at once when its session ends. */
export const accessTokenSeconds = 300;

/** Clocks of the machines that issue and verify may differ by so much. */
const clockToleranceSeconds = 5;
/** Ours have some 500 characters, under RSA some 750. Longer ones are refused before anything reads them. */
const maxLength = 2_048;
/** There is one kind of client so far, and RFC 9068 wants it named. */
const clientId = 'first-party';

export interface AccessTokens {
  /** @returns a JWT of RFC 9068, signed with the key that is in use */
  issueAccessToken(identity: Identity, now: Date): Promise<string>;
  /**
   * Whose token it is. Says that we issued it to this session and that its time is not over, not that the session still lives.
   *
   * @throws {DomainError} `invalid_token` (401), whatever the cause
   */
  verifyAccessToken(token: string, now: Date): Promise<Identity>;
}

export interface AccessTokenOptions {
  readonly keys: Pick<SigningKeys, 'current' | 'find'>;
  /** `iss`, a URL. */
  readonly issuer: string;
  /** `aud`: for whose ears these tokens are. */
  readonly audience: string;
}

/** Access tokens: JWTs of RFC 9068, verified as RFC 8725 asks. */
export function createAccessTokens({ keys, issuer, audience }: AccessTokenOptions): AccessTokens {
  return {
    async issueAccessToken({ userId, sessionId }, now) {
      const { kid, algorithm, privateKey } = keys.current();
      const iat = Math.floor(now.getTime() / 1_000);
      return new SignJWT({ sid: sessionId, client_id: clientId })
        .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(iat)
        .setExpirationTime(iat + accessTokenSeconds)
        .setJti(randomUUID())
        .sign(privateKey);
    },

    async verifyAccessToken(token, now) {
      if (token.length > maxLength) throw invalidToken();
      try {
        const header = headerSchema.parse(readHeader(token));
        const key = await keys.find(header.kid);
        if (key === undefined || key.algorithm !== header.alg) throw invalidToken();
        const { payload } = await jwtVerify(token, key.publicKey, {
          algorithms: [key.algorithm], // The key's, never the token's choice.
          typ: 'at+jwt',
          issuer,
          audience,
          currentDate: now,
          clockTolerance: clockToleranceSeconds,
          maxTokenAge: accessTokenSeconds,
          requiredClaims: ['exp', 'iat', 'jti', 'client_id'],
        });
        const { sub: userId, sid: sessionId } = payloadSchema.parse(payload);
        return { userId, sessionId };
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof z.ZodError || error instanceof SyntaxError)
          throw invalidToken();
        throw error;
      }
    },
  };
}

/** One refusal for every cause: whoever forges learns nothing of how near it came. */
export function invalidToken(): DomainError {
  return new DomainError(
    'unauthenticated',
    'invalid_token',
    'The access token is missing, expired, revoked or not ours.',
  );
}

/** What we write and no more: `jwk`, `jku`, `x5c`, `crit`, `b64`, `zip` and whatever else could choose a key or a meaning have no place in it. */
const headerSchema = z.strictObject({ alg: z.string(), typ: z.literal('at+jwt'), kid: z.string() });
const payloadSchema = z.object({ sub: z.uuid(), sid: z.uuid(), aud: z.string() });

function readHeader(token: string): unknown {
  const end = token.indexOf('.');
  return JSON.parse(Buffer.from(token.slice(0, Math.max(end, 0)), 'base64url').toString());
}
