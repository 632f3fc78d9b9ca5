import {
  clientSettings,
  natsOf,
  natsSettings,
  runSettings,
  telemetryOf,
  telemetrySettings,
  variable,
} from '@postrider/runtime';
import { z } from 'zod';
import { gatewayClients } from './gateway/gateway-clients.ts';
import { signingAlgorithms } from './sessions/signing-keys/signing-key.ts';

/** What it takes to publish from the outbox. */
const publishingSettings = {
  DATABASE_URL: variable
    .url(['postgres', 'postgresql'])
    .default('postgres://postrider_user@127.0.0.1:54329/user')
    .meta({
      group: 'PostgreSQL and NATS',
      secret: true,
      description: 'The service’s own database. It migrates itself at the start.',
      example: 'postgres://postrider_user:<password>@db.example.com:5432/user?sslmode=verify-full',
    }),
  ...natsSettings('user'),
};

/** The user service's environment. Defaults run locally; keys have none. */
export const configSchema = z
  .object({
    HOST: z.string().default('127.0.0.1').meta({
      group: 'Listeners',
      values: 'an IP address or a host name',
      description: 'Address that the three listeners bind to.',
      example: '0.0.0.0',
    }),
    PUBLIC_PORT: variable.port(3000).meta({
      description: 'Port of the listener for clients: registration, verification, `/confirm`, `/docs`.',
      example: '8080',
    }),
    GATEWAY_PORT: variable.port(3001).meta({
      description: 'Port of the listener for an API gateway.',
      example: '8081',
    }),
    ADMIN_PORT: variable.port(3002).meta({
      description: 'Port of the listener for operators. Expose it to nobody else.',
      example: '8082',
    }),
    PUBLIC_URL: variable.url(['http', 'https']).default('http://localhost:3000').meta({
      description: 'Where people reach the public listener, as the API reference names it.',
      example: 'https://accounts.example.com',
    }),
    ...clientSettings,
    RATE_LIMIT_SCALE: z.coerce.number().min(0).default(1).meta({
      description:
        'Multiplies how often clients may call: `2` is twice as often, `0` as often as they like. The reference at `/docs` has the limits.',
      example: '2',
    }),
    GATEWAY_CLIENTS: gatewayClients().meta({
      description:
        'Who may ask `/v1/token/introspect` and `/v1/token/revoke` on the gateway’s listener. Make a secret with `openssl rand -hex 32`, and its hash with `printf %s "$secret" | openssl dgst -sha256 -binary | openssl base64 -A | tr +/ -_ | tr -d =`.',
      example: 'billing:Q3cCOtGa4VNuLO0LeLG2qgt5mrZGRdlkEKbMDaVbEgk',
    }),
    ...publishingSettings,
    RELAY_ENABLED: variable.flag(true).meta({
      description:
        '`false`: this process records events and leaves publishing them to others, which share the database. Of all that may, one does and the others stand by.',
      example: 'false',
    }),
    EVENTS_ENABLED: variable.flag(true).meta({
      description:
        '`false`: accounts are registered as ever, and their events wait in the outbox until it is `true` again.',
      example: 'false',
    }),
    SEALING_PUBLIC_KEY: variable.jwk().meta({
      group: 'Keys',
      description:
        'The email service’s public key (JSON Web Key, EC P-256, with `kid`): only that service can read what is sealed with it.',
      example: '{"kty":"EC","crv":"P-256","x":"…","y":"…","kid":"2026-11"}',
    }),
    CODE_KEY: variable.key().meta({
      description:
        'Keys the hashes of what is short enough to guess: 32 bytes in base64url. Not in the database, so that a dump of it is not enough.',
      example: '$(openssl rand -base64 32 | tr +/ -_ | tr -d =)',
    }),
    SESSION_KEY: variable.key().meta({
      description:
        'Seals the private signing keys in the database, and makes the successors of refresh tokens: 32 bytes in base64url. With another one, new signing keys are made at once, and sessions go on.',
      example: '$(openssl rand -base64 32 | tr +/ -_ | tr -d =)',
    }),
    TOKEN_ISSUER: variable.url(['http', 'https']).optional().meta({
      group: 'Sessions',
      description: '`iss` of the access tokens. By default `PUBLIC_URL`.',
      example: 'https://accounts.example.com',
    }),
    TOKEN_AUDIENCE: z.string().min(1).max(200).default('postrider').meta({
      values: 'a text',
      description: '`aud` of the access tokens: what they are for. Whoever verifies them must ask for it.',
      example: 'https://api.example.com',
    }),
    SIGNING_ALGORITHM: z.enum(signingAlgorithms).default('ES256').meta({
      description: 'What access tokens are signed with: `RS256` where a gateway knows only RSA.',
      example: 'RS256',
    }),
    SIGNING_KEY_DAYS: variable.days(30).meta({
      description: 'Age at which a signing key gets its successor, which is published ten minutes before it signs.',
      example: '90',
    }),
    SESSION_IDLE_DAYS: variable.days(7, 0.001).meta({
      description: 'How long a session lives without being refreshed.',
      example: '14',
    }),
    SESSION_MAX_DAYS: variable.days(30, 0.001).meta({
      description: 'How long a session lives at most.',
      example: '90',
    }),
    REFRESH_GRACE_SECONDS: variable.seconds(10).meta({
      description:
        'For so long a replaced refresh token is answered with its successor once more (two tabs, a lost answer). After that it counts as stolen.',
      example: '30',
    }),
    VERIFICATION_COOLDOWN_SECONDS: variable.seconds(60).meta({
      group: 'Rules',
      description: 'How long an address that was mailed gets no further mail that it may not have asked for.',
      example: '300',
    }),
    ADDRESS_MAILS_PER_DAY: z.coerce.number().int().min(1).default(10).meta({
      description:
        'How many mails that it may not have asked for an address gets in a day, whatever asks for them. The link of the last one works for as long.',
      example: '5',
    }),
    PASSWORD_MIN_LENGTH: z.coerce.number().int().min(8).max(64).default(15).meta({
      description: 'Characters that a password has at least.',
      example: '12',
    }),
    UNVERIFIED_ACCOUNT_DAYS: variable.days(7).meta({
      group: 'Housekeeping',
      description:
        'Age at which an account is removed whose address nobody verified, unless a link to it is still open. The address can then be registered anew.',
      example: '30',
    }),
    ENDED_SESSION_DAYS: variable.days(90).meta({
      description: 'How long after its end a session is remembered, and with it that its device was used.',
      example: '30',
    }),
    OUTBOX_RETENTION_DAYS: variable.days(7).meta({
      description:
        'Age at which a published event leaves the event log. One that is pending or parked stays. What NATS loses can be published again for so long.',
      example: '14',
    }),
    OUTBOX_HIGH_WATER: z.coerce.number().int().min(0).default(0).meta({
      unit: 'events',
      description:
        'Above so many events that wait to be published, requests that would add to them get 503 with Retry-After. 0: never.',
      example: '100000',
    }),
    ...telemetrySettings,
    ...runSettings,
  })
  .transform((env) => ({
    host: env.HOST,
    ports: { public: env.PUBLIC_PORT, gateway: env.GATEWAY_PORT, admin: env.ADMIN_PORT },
    publicUrl: env.PUBLIC_URL,
    gatewayClients: env.GATEWAY_CLIENTS,
    client: { trustedProxies: env.TRUSTED_PROXIES, header: env.CLIENT_ADDRESS_HEADER },
    rateLimitScale: env.RATE_LIMIT_SCALE,
    databaseUrl: env.DATABASE_URL,
    nats: natsOf(env),
    relayEnabled: env.RELAY_ENABLED,
    /** False: accounts are registered as ever, and their events wait in the outbox. */
    eventsEnabled: env.EVENTS_ENABLED,
    /** The email service's public key: only that service can read what is sealed with it. */
    sealingPublicKey: env.SEALING_PUBLIC_KEY,
    /** Keys the hashes of what is short enough to guess. Not in the database, so that a dump of it is not enough. */
    codeKey: env.CODE_KEY,
    /** Keys of their own are derived from it (session-keys.ts). */
    sessionKey: env.SESSION_KEY,
    tokens: { issuer: env.TOKEN_ISSUER ?? env.PUBLIC_URL, audience: env.TOKEN_AUDIENCE },
    signingKeys: { algorithm: env.SIGNING_ALGORITHM, replaceAfterDays: env.SIGNING_KEY_DAYS },
    sessions: {
      idleDays: env.SESSION_IDLE_DAYS,
      maxDays: env.SESSION_MAX_DAYS,
      graceSeconds: env.REFRESH_GRACE_SECONDS,
      rememberDays: env.ENDED_SESSION_DAYS,
    },
    mailCap: { cooldownSeconds: env.VERIFICATION_COOLDOWN_SECONDS, mailsPerDay: env.ADDRESS_MAILS_PER_DAY },
    passwordMinLength: env.PASSWORD_MIN_LENGTH,
    unverifiedAccountDays: env.UNVERIFIED_ACCOUNT_DAYS,
    outboxRetentionDays: env.OUTBOX_RETENTION_DAYS,
    /** 0: no limit. */
    outboxHighWater: env.OUTBOX_HIGH_WATER,
    telemetry: telemetryOf(env),
    logLevel: env.LOG_LEVEL,
  }));

export type Config = z.infer<typeof configSchema>;

export type PublishingConfig = Pick<Config, 'databaseUrl' | 'nats' | 'relayEnabled'>;

/** The environment of a relay that runs alone. */
export const relayConfigSchema = z
  .object({
    HOST: z.string().default('127.0.0.1').meta({
      group: 'Listener',
      values: 'an IP address or a host name',
      description: 'Address that the listener binds to.',
      example: '0.0.0.0',
    }),
    PORT: variable.port(3003).meta({ description: 'Port for health and metrics. Nothing public.', example: '8080' }),
    ...publishingSettings,
    ...telemetrySettings,
    ...runSettings,
  })
  .transform((env) => ({
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    nats: natsOf(env),
    telemetry: telemetryOf(env),
    logLevel: env.LOG_LEVEL,
  }));

export type RelayConfig = z.infer<typeof relayConfigSchema>;
