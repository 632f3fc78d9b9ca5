/* oxlint-disable typescript/explicit-module-boundary-types -- the type of a zod schema is its definition */
import { z } from 'zod';
import { variable } from './config.ts';

/**
 * Where NATS is, and how a service proves who it is: with the seed of its nkey, with a credentials file (servers whose accounts are JWTs),
 * or with name and password in the URL.
 *
 * @param user the service's user in infra/nats/accounts.conf
 */
export const natsSettings = (user: string) => ({
  NATS_URL: variable
    .natsUrl()
    .default('nats://127.0.0.1:4222')
    .meta({
      secret: true,
      description: `NATS, as its user \`${user}\`; several servers joined by commas.`,
      example: 'tls://nats-1.example.com:4222,tls://nats-2.example.com:4222',
    }),
  NATS_NKEY_SEED: z
    .string()
    .regex(/^SU[A-Z2-7]{56}$/, 'must be the seed of a user nkey: SU and 56 characters more, as `nk -gen user` makes it')
    .optional()
    .meta({
      secret: true,
      values: 'the seed of a user nkey, `SU…`',
      description: `Signs in as \`${user}\`, whose public key the server knows. Without it: name and password of \`NATS_URL\`.`,
      example: 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY',
    }),
  NATS_CREDS_FILE: z
    .string()
    .optional()
    .meta({
      values: 'a path',
      description: 'A credentials file, for servers whose accounts are JWTs, instead of `NATS_NKEY_SEED`.',
      example: `/run/secrets/${user}.creds`,
    }),
  NATS_TLS_CA_FILE: z.string().optional().meta({
    values: 'a path',
    description:
      'Certificates (PEM) that the server’s own must be signed by, where they are not among those that Node trusts. Then the connection is TLS in any case.',
    example: '/etc/nats/tls/ca.crt',
  }),
  NATS_MONITOR_URL: variable.url(['http', 'https']).optional().meta({
    description:
      'Monitoring port of a NATS server. Only it tells how the server syncs: without it a stream’s tier T2 is declared, not verified.',
    example: 'http://nats-1.example.com:8222',
  }),
});

export interface NatsSettings {
  readonly url: string;
  readonly nkeySeed?: string | undefined;
  readonly credsFile?: string | undefined;
  readonly tlsCaFile?: string | undefined;
  readonly monitorUrl?: string | undefined;
}

export function natsOf(env: z.output<z.ZodObject<ReturnType<typeof natsSettings>>>): NatsSettings {
  return {
    url: env.NATS_URL,
    nkeySeed: env.NATS_NKEY_SEED,
    credsFile: env.NATS_CREDS_FILE,
    tlsCaFile: env.NATS_TLS_CA_FILE,
    monitorUrl: env.NATS_MONITOR_URL,
  };
}
