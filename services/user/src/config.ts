import { variable } from '@postrider/runtime';
import { z } from 'zod';

/** The user service's environment. Defaults run locally; keys have none. */
export const configSchema = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PUBLIC_PORT: variable.port(3000),
    GATEWAY_PORT: variable.port(3001),
    ADMIN_PORT: variable.port(3002),
    PUBLIC_URL: variable.url(['http', 'https']).default('http://localhost:3000'),
    DATABASE_URL: variable.url(['postgres', 'postgresql']).default('postgres://postrider_user@127.0.0.1:54329/user'),
    NATS_URL: variable.natsUrl().default('nats://127.0.0.1:4222'),
    EVENTS_ENABLED: variable.flag(true),
    SEALING_PUBLIC_KEY: variable.jwk(),
    CODE_KEY: variable.key(),
    VERIFICATION_COOLDOWN_SECONDS: variable.seconds(60),
    PASSWORD_MIN_LENGTH: z.coerce.number().int().min(8).max(64).default(15),
    LOG_LEVEL: variable.logLevel(),
    SHUTDOWN_GRACE_SECONDS: variable.seconds(8),
  })
  .transform((env) => ({
    host: env.HOST,
    ports: { public: env.PUBLIC_PORT, gateway: env.GATEWAY_PORT, admin: env.ADMIN_PORT },
    publicUrl: env.PUBLIC_URL,
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    /** False: accounts are registered as ever, and their events wait in the outbox. */
    eventsEnabled: env.EVENTS_ENABLED,
    /** The email service's public key: only that service can read what is sealed with it. */
    sealingPublicKey: env.SEALING_PUBLIC_KEY,
    /** Keys the hashes of what is short enough to guess. Not in the database, so that a dump of it is not enough. */
    codeKey: env.CODE_KEY,
    verificationCooldownSeconds: env.VERIFICATION_COOLDOWN_SECONDS,
    passwordMinLength: env.PASSWORD_MIN_LENGTH,
    logLevel: env.LOG_LEVEL,
  }));

export type Config = z.infer<typeof configSchema>;
