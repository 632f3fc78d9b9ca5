import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtOnce } from '../data-dir/write-file-at-once.ts';

export type ServerName = 'user' | 'email' | 'nats' | 'postgres' | 'mailbox';

/** Where a running stack is found: `<data dir>/stack.json`. What runs elsewhere has no pid, and no URL that is not known. */
export interface StackInfo {
  readonly userUrl: string;
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  readonly emailUrl: string;
  readonly mailboxUrl?: string | undefined;
  readonly smtpUrl: string;
  /** Without credentials: services and subscribers sign in with a key of `natsKeysDir`. */
  readonly natsUrl: string;
  /** With the local operator's name and password, who may do everything in the account. */
  readonly natsOperatorUrl: string;
  /** `<user>.nk` for each user with an nkey, as `nats --nkey` and the clients of other languages take them. */
  readonly natsKeysDir?: string | undefined;
  readonly natsMonitorUrl?: string | undefined;
  readonly databaseUrls: { readonly user: string; readonly email: string };
  readonly pids: Readonly<Record<ServerName, number | undefined>>;
}

export interface StackFile extends AsyncDisposable {
  /** Writes the file anew, from what `read` says then. Failing is reported to `onError`: a stack runs without its file as well. */
  refresh(): void;
}

/** Publishes a stack that is ready: the file appears whole, and is gone when the stack stops. */
export async function publishStack(options: {
  readonly dataDir: string;
  readonly read: () => StackInfo;
  readonly onError: (error: unknown) => void;
}): Promise<StackFile> {
  const { dataDir, read, onError } = options;
  const path = stackFilePath(dataDir);
  const write = async (): Promise<void> => writeFileAtOnce(path, `${JSON.stringify(read(), undefined, 2)}\n`);
  await write();
  // One after the other, so that an older state never overwrites a newer one.
  let last: Promise<void> = Promise.resolve();
  return {
    refresh: () => {
      last = last.then(write).catch(onError);
    },
    [Symbol.asyncDispose]: async () => {
      await last;
      await rm(path, { force: true });
    },
  };
}

export function stackFilePath(dataDir: string): string {
  return join(dataDir, 'stack.json');
}
