import type { AccountsContext } from '../accounts/accounts-context.ts';
import type { SessionLimits } from './session.ts';
import type { AccessTokens } from './tokens/access-token.ts';
import type { RefreshTokens } from './tokens/refresh-token.ts';

/** What the use cases of sessions need from around them; `headers` are of the request at hand. */
export interface SessionsContext extends Pick<
  AccountsContext,
  'em' | 'bell' | 'headers' | 'now' | 'passwords' | 'codeKey'
> {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly sessions: SessionSettings;
}

export interface SessionSettings extends SessionLimits {
  /** For so long a replaced refresh token is answered with its successor once more. */
  readonly graceSeconds: number;
  /** For so long a device is remembered after its session ended. */
  readonly rememberDays: number;
}
