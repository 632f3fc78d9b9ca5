import type { EntityManager } from '@mikro-orm/postgresql';
import type { Logger } from '@postrider/runtime';
import type { Config } from '../config.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import { deriveSessionKeys } from './session-keys.ts';
import type { SessionSettings } from './sessions-context.ts';
import { type SigningKeys, startSigningKeys } from './signing-keys/signing-keys.ts';
import { type AccessTokens, createAccessTokens } from './tokens/access-token.ts';
import { createRefreshTokens, type RefreshTokens } from './tokens/refresh-token.ts';

/** What sessions are made and known by. */
export interface Sessions extends AsyncDisposable {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly authenticate: Authenticate;
  readonly signingKeys: SigningKeys;
  readonly settings: SessionSettings;
}

export interface SessionsOptions {
  readonly config: Pick<Config, 'sessionKey' | 'tokens' | 'signingKeys' | 'sessions' | 'publicUrl'>;
  readonly em: EntityManager;
  readonly now: () => Date;
  readonly log: Logger;
  /** Resolves when the tables are there, rejects when the signal aborts first. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
}

/** Starts reading the signing keys; disposing it stops that. */
export function startSessions({ config, em, now, log, ready }: SessionsOptions): Sessions {
  const keys = deriveSessionKeys(config.sessionKey);
  const encryptionKey = keys.signingKeyEncryption;
  const signingKeys = startSigningKeys({ em, ...config.signingKeys, encryptionKey, log, ready });
  const accessTokens = createAccessTokens({ keys: signingKeys, ...config.tokens });
  return {
    accessTokens,
    refreshTokens: createRefreshTokens(keys.refreshTokens),
    authenticate: createAuthenticate({ em, accessTokens, now, origin: new URL(config.publicUrl).origin }),
    signingKeys,
    settings: config.sessions,
    [Symbol.asyncDispose]: () => signingKeys[Symbol.asyncDispose](),
  };
}
