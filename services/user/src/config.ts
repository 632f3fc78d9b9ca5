import { variable } from '@postrider/runtime';
import { z } from 'zod';

/** The user service's environment. Defaults run locally; keys have none. */
export const configSchema = z
  .object({
    HOST: z.string().default('127.0.0.1').meta({
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
    DATABASE_URL: variable
      .url(['postgres', 'postgresql'])
      .default('postgres://postrider_user@127.0.0.1:54329/user')
      .meta({
        description: 'The service’s own database. It migrates itself at the start.',
        example: 'postgres://postrider_user:<password>@db.example.com:5432/user?sslmode=verify-full',
      }),
    NATS_URL: variable.natsUrl().default('nats://127.0.0.1:4222').meta({
      description: 'NATS, as its user `user`; several servers joined by commas.',
      example: 'nats://user:<password>@nats-1.example.com:4222,nats://nats-2.example.com:4222',
    }),
    NATS_MONITOR_URL: variable.url(['http', 'https']).optional().meta({
      description:
        'Monitoring port of a NATS server. Only it tells how the server syncs: without it a stream’s tier T2 is declared, not verified.',
      example: 'http://nats-1.example.com:8222',
    }),
    EVENTS_ENABLED: variable.flag(true).meta({
      description:
        '`false`: accounts are registered as ever, and their events wait in the outbox until it is `true` again.',
      example: 'false',
    }),
    SEALING_PUBLIC_KEY: variable.jwk().meta({
      description:
        'The email service’s public key (JSON Web Key, EC P-256, with `kid`): only that service can read what is sealed with it.',
      example: '{"kty":"EC","crv":"P-256","x":"…","y":"…","kid":"2026-11"}',
    }),
    CODE_KEY: variable.key().meta({
      description:
        'Keys the hashes of what is short enough to guess: 32 bytes in base64url. Not in the database, so that a dump of it is not enough.',
      example: '$(openssl rand -base64 32 | tr +/ -_ | tr -d =)',
    }),
    VERIFICATION_COOLDOWN_SECONDS: variable.seconds(60).meta({
      description: 'How long an address that was mailed gets no further mail that it may not have asked for.',
      example: '300',
    }),
    PASSWORD_MIN_LENGTH: z.coerce.number().int().min(8).max(64).default(15).meta({
      description: 'Characters that a password has at least.',
      example: '12',
    }),
    UNVERIFIED_ACCOUNT_DAYS: variable.days(7).meta({
      description:
        'Age at which an account is removed whose address nobody verified, unless a link to it is still open. The address can then be registered anew.',
      example: '30',
    }),
    OUTBOX_RETENTION_DAYS: variable.days(7).meta({
      description:
        'Age at which a published event leaves the event log. One that is pending or parked stays. What NATS loses can be published again for so long.',
      example: '14',
    }),
    METRICS_ENABLED: variable.flag(true).meta({
      description: '`/metrics` in Prometheus’ format on the operators’ listener. `false` loads nothing of it.',
      example: 'false',
    }),
    OTEL_EXPORTER_OTLP_ENDPOINT: variable.url(['http', 'https']).optional().meta({
      description:
        'An OpenTelemetry collector that takes OTLP over HTTP. Without it there are no traces, and nothing of them is loaded.',
      example: 'http://otel-collector:4318',
    }),
    OTEL_TRACES_SAMPLER_ARG: variable.ratio(1).meta({
      description: 'Share of the traces begun here that are kept, 0 to 1. A caller’s own decision is followed.',
      example: '0.1',
    }),
    LOG_LEVEL: variable.logLevel().meta({
      description: 'The least severe log line that is written.',
      example: 'debug',
    }),
    SHUTDOWN_GRACE_SECONDS: variable.seconds(8).meta({
      description:
        'How long stopping may take; what takes longer is cut off. A supervisor must wait longer before it kills.',
      example: '25',
    }),
  })
  .transform((env) => ({
    host: env.HOST,
    ports: { public: env.PUBLIC_PORT, gateway: env.GATEWAY_PORT, admin: env.ADMIN_PORT },
    publicUrl: env.PUBLIC_URL,
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    natsMonitorUrl: env.NATS_MONITOR_URL,
    /** False: accounts are registered as ever, and their events wait in the outbox. */
    eventsEnabled: env.EVENTS_ENABLED,
    /** The email service's public key: only that service can read what is sealed with it. */
    sealingPublicKey: env.SEALING_PUBLIC_KEY,
    /** Keys the hashes of what is short enough to guess. Not in the database, so that a dump of it is not enough. */
    codeKey: env.CODE_KEY,
    verificationCooldownSeconds: env.VERIFICATION_COOLDOWN_SECONDS,
    passwordMinLength: env.PASSWORD_MIN_LENGTH,
    unverifiedAccountDays: env.UNVERIFIED_ACCOUNT_DAYS,
    outboxRetentionDays: env.OUTBOX_RETENTION_DAYS,
    telemetry: {
      metricsEnabled: env.METRICS_ENABLED,
      tracesEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
      tracesRatio: env.OTEL_TRACES_SAMPLER_ARG,
    },
    logLevel: env.LOG_LEVEL,
  }));

export type Config = z.infer<typeof configSchema>;
