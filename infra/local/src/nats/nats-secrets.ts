import type { NatsAccess } from '@postrider/messaging';
import { nkeys } from '@nats-io/transport-node';

/** What opens a server that runs infra/nats/accounts.conf. */
export interface NatsSecrets {
  /** The seed of each user that signs in with an nkey, by its name there. */
  readonly seeds: Readonly<Record<string, string>>;
  /** Passwords of people. */
  readonly operator: string;
  readonly system: string;
}

/** A seed for each of them. */
export function makeSeeds(users: readonly string[]): Record<string, string> {
  return Object.fromEntries(users.map((user) => [user, new TextDecoder().decode(nkeys.createUser().getSeed())]));
}

/** What the server has to know of it: the public halves, and the passwords. */
export async function serverEnvironment({ seeds, operator, system }: NatsSecrets): Promise<Record<string, string>> {
  const { nkeyVariable } = await import('@postrider/topology');
  const keys = Object.entries(seeds).map(([user, seed]) => [nkeyVariable(user), publicKeyOf(seed)]);
  return { ...Object.fromEntries(keys), NATS_OPERATOR_PASSWORD: operator, NATS_SYSTEM_PASSWORD: system };
}

function publicKeyOf(seed: string): string {
  return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
}

/** The ways into one server. */
export interface NatsDoors {
  /** As each user that has an nkey. */
  as(user: string): NatsAccess;
  /** People's, with name and password in the URL, as the `nats` CLI takes it. */
  readonly urls: { readonly operator: string; readonly system: string };
}

/** @param hosts `127.0.0.1:4222`, or several of one cluster */
export function doorsOf(
  hosts: readonly string[],
  { seeds, operator, system }: NatsSecrets,
  protocol: 'nats' | 'tls' = 'nats',
): NatsDoors {
  const url = (person: string): string => hosts.map((host) => `${protocol}://${person}${host}`).join(',');
  return {
    as(user) {
      const nkeySeed = seeds[user];
      if (nkeySeed === undefined) throw new Error(`infra/nats/accounts.conf has no user "${user}".`);
      return { url: url(''), nkeySeed };
    },
    urls: { operator: url(`operator:${operator}@`), system: url(`system:${system}@`) },
  };
}

/** A way in, as a service is told of it. */
export function accessVariables({ url, nkeySeed, credsFile, tlsCaFile }: NatsAccess): Record<string, string> {
  return {
    NATS_URL: url,
    ...(nkeySeed !== undefined && { NATS_NKEY_SEED: nkeySeed }),
    ...(credsFile !== undefined && { NATS_CREDS_FILE: credsFile }),
    ...(tlsCaFile !== undefined && { NATS_TLS_CA_FILE: tlsCaFile }),
  };
}
