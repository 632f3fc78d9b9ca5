import type { LedgerContext } from './ledger/ledger-context.ts';
import type { SealingKeys } from './sealing/open-sealed.ts';

/** What the handlers of mails need. */
export interface MailDeps {
  readonly ledger: LedgerContext;
  readonly sealingKeys: SealingKeys;
  /** `Name <address>`. */
  readonly from: string;
  /** Base of every link in a mail, without a slash at its end; links come from configuration only. */
  readonly publicUrl: string;
}
