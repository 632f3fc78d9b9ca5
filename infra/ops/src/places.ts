import { readFile } from 'node:fs/promises';
import { folderOf, parseStackConfig, stackFilePath, type StackInfo } from '@postrider/local';
import { z } from 'zod';
import { UsageError } from './command.ts';

/** Where the parts are that a command may ask. One that is not known can't be asked, and a command says so. */
export interface Places {
  readonly userDatabaseUrl?: string | undefined;
  readonly emailDatabaseUrl?: string | undefined;
  /** As the operator, who may read every stream. */
  readonly natsUrl?: string | undefined;
  /** The seed of the provisioner's nkey, for what it may do as well as the operator. */
  readonly natsProvisionerSeed?: string | undefined;
  /** Any listener of the user service. */
  readonly userUrl?: string | undefined;
  readonly emailUrl?: string | undefined;
  /** Where the email service sends to; only told, never asked. */
  readonly smtpUrl?: string | undefined;
  /** The logs of the stack in the data dir. No variable names others: what keeps those has a search of its own. */
  readonly logsFolder?: string | undefined;
}

/** One, or several joined by commas. */
const url = z.string().refine((text) => text.split(',').every((one) => URL.canParse(one.trim())));
const variables = {
  userDatabaseUrl: 'USER_DATABASE_URL',
  emailDatabaseUrl: 'EMAIL_DATABASE_URL',
  natsUrl: 'NATS_OPERATOR_URL',
  userUrl: 'USER_URL',
  emailUrl: 'EMAIL_URL',
  smtpUrl: 'SMTP_URL',
} as const satisfies Record<Exclude<keyof Places, 'logsFolder' | 'natsProvisionerSeed'>, string>;
const provisionerVariable = 'NATS_PROVISIONER_NKEY_SEED';

export const placeVariables: readonly string[] = [...Object.values(variables), provisionerVariable];

/**
 * Reads what variables say, and for the rest the file of the stack in the data dir. The file is believed also when parts of the stack
 * are down: that is when somebody asks.
 *
 * @throws when neither says anything
 */
export async function findPlaces(env: NodeJS.ProcessEnv, root: string): Promise<Places> {
  const given = readVariables(env);
  const config = parseStackConfig(env, root);
  const { dataDir } = config;
  const stack = await readStackFile(dataDir);
  if (stack === undefined && Object.keys(given).length === 0)
    throw new UsageError(
      `No stack runs in ${dataDir}: start one (npm start), name its POSTRIDER_DATA_DIR, or say where the parts are with ${placeVariables.join(', ')}.`,
    );
  return { ...(stack && { ...placesOf(stack), logsFolder: folderOf(config, 'logs') }), ...given };
}

function placesOf({ databaseUrls, natsOperatorUrl, userUrl, emailUrl, smtpUrl }: StackInfo): Places {
  const { user: userDatabaseUrl, email: emailDatabaseUrl } = databaseUrls;
  return { userDatabaseUrl, emailDatabaseUrl, natsUrl: natsOperatorUrl, userUrl, emailUrl, smtpUrl };
}

/** What is set, and only that: it goes over what the stack says. */
function readVariables(env: NodeJS.ProcessEnv): Places {
  const set = Object.entries(variables).flatMap(([place, name]) => {
    const value = env[name] || undefined;
    // Without the value: it may hold a password.
    if (value !== undefined && !url.safeParse(value).success) throw new UsageError(`${name} must be a URL.`);
    return value === undefined ? [] : [[place, value] as const];
  });
  const natsProvisionerSeed = env[provisionerVariable] || undefined;
  return { ...Object.fromEntries(set), ...(natsProvisionerSeed !== undefined && { natsProvisionerSeed }) };
}

// Written by a stack of this same repository.
const stackFile = z.custom<StackInfo>(
  (value) => z.object({ userUrl: z.url(), natsOperatorUrl: z.string() }).safeParse(value).success,
);

async function readStackFile(dataDir: string): Promise<StackInfo | undefined> {
  const text = await readFile(stackFilePath(dataDir), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : stackFile.parse(JSON.parse(text));
}
