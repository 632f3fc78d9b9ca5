import type { EntityManager } from '@mikro-orm/postgresql';
import type { Bell } from '@postrider/outbox';
import type { MailCap } from '../challenges/mail-cooldown.ts';
import type { PrepareChallenge } from '../challenges/prepare-challenge.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { PasswordPolicy } from './password-policy.ts';

/** What the use cases of accounts need from around them; `headers` are of the request at hand. */
export interface AccountsContext {
  readonly em: EntityManager;
  readonly bell: Pick<Bell, 'ring'>;
  readonly headers: Readonly<Record<string, string>>;
  readonly now: () => Date;
  readonly passwords: PasswordHasher;
  readonly prepareChallenge: PrepareChallenge;
  readonly codeKey: Uint8Array;
  readonly passwordPolicy: PasswordPolicy;
  readonly mailCap: MailCap;
}
