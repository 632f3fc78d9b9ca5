import { natsOf, natsSettings, runSettings, telemetryOf, telemetrySettings, variable } from '@postrider/runtime';
import { canonicalAddress } from '@postrider/contracts';
import { z } from 'zod';

/** The email service's environment. Defaults run locally; keys have none. */
export const configSchema = z
  .object({
    HOST: z.string().default('127.0.0.1').meta({
      group: 'Listener',
      values: 'an IP address or a host name',
      description: 'Address that the listener binds to.',
      example: '0.0.0.0',
    }),
    PORT: variable.port(3010).meta({
      description: 'Port for health and metrics. Nothing public.',
      example: '8080',
    }),
    PUBLIC_URL: variable.url(['http', 'https']).default('http://localhost:3000').meta({
      description: 'Base of every link in a mail: where people reach the user service’s public listener.',
      example: 'https://accounts.example.com',
    }),
    DATABASE_URL: variable
      .url(['postgres', 'postgresql'])
      .default('postgres://postrider_email@127.0.0.1:54329/email')
      .meta({
        group: 'PostgreSQL and NATS',
        secret: true,
        description: 'The service’s own database: the ledger of mails. It migrates itself at the start.',
        example: 'postgres://postrider_email:<password>@db.example.com:5432/email?sslmode=verify-full',
      }),
    ...natsSettings('email'),
    RELAY_ENABLED: variable.flag(true).meta({
      description:
        '`false`: this process records events and leaves publishing them to others, which share the database. Of all that may, one does and the others stand by.',
      example: 'false',
    }),
    EVENTS_ENABLED: variable.flag(true).meta({
      description:
        '`false`: nothing is received, sent or published; mails owed wait in the streams until it is `true` again.',
      example: 'false',
    }),
    SMTP_URL: variable.url(['smtp', 'smtps']).default('smtp://127.0.0.1:1025').meta({
      secret: true,
      group: 'Mail',
      description:
        'The mail server. `smtp://` upgrades by STARTTLS where the server offers it; `?requireTLS=true` refuses to do without; `smtps://` begins with TLS.',
      example: 'smtp://postrider:<password>@mail.example.com:587?requireTLS=true',
    }),
    MAIL_FROM: z
      .string()
      .default('Postrider <no-reply@postrider.example>')
      .refine(isSender, { message: 'must look like: Name <address@example.com>' })
      .meta({
        values: '`Name <address@example.com>`, or the address alone',
        description: 'Who sends every mail.',
        example: 'Example <no-reply@example.com>',
      }),
    SEALING_PRIVATE_KEYS: variable.jwks().meta({
      secret: true,
      group: 'Keys',
      description:
        'Our private keys (JSON array of JSON Web Keys, EC P-256, with `kid`), newest first. While a key is being replaced the former one stays here until nothing sealed for it is left.',
      example: '[{"kty":"EC","crv":"P-256","x":"…","y":"…","d":"…","kid":"2026-11"}]',
    }),
    RECIPIENT_KEY: variable.key().meta({
      description: 'Names recipients in the database, where their addresses are not: 32 bytes in base64url.',
      example: '$(openssl rand -base64 32 | tr +/ -_ | tr -d =)',
    }),
    LEDGER_RETENTION_DAYS: variable.days(90, 31).meta({
      group: 'Housekeeping',
      description:
        'Age at which a mail that is final leaves the ledger. The ledger is what keeps a mail from being sent twice, so it remembers for longer than any stream can deliver the event again: 30 days, and 90 by replay of a dead letter.',
      example: '365',
    }),
    OUTBOX_RETENTION_DAYS: variable.days(7).meta({
      description:
        'Age at which a published delivery fact leaves the event log. One that is pending or parked stays. What NATS loses can be published again for so long.',
      example: '14',
    }),
    ...telemetrySettings,
    ...runSettings,
  })
  .transform((env) => ({
    host: env.HOST,
    port: env.PORT,
    /** Base of every link in a mail, without a slash at its end. */
    publicUrl: env.PUBLIC_URL.replace(/\/+$/, ''),
    databaseUrl: env.DATABASE_URL,
    nats: natsOf(env),
    relayEnabled: env.RELAY_ENABLED,
    /** False: nothing is received or published; mails owed wait in the streams, facts in the outbox. */
    eventsEnabled: env.EVENTS_ENABLED,
    /** `smtp://` upgrades by STARTTLS where the server offers it; `?requireTLS=true` refuses to do without. */
    smtpUrl: env.SMTP_URL,
    mailFrom: env.MAIL_FROM,
    /** Newest first. While a key is being replaced the former one stays here until nothing sealed for it is left. */
    sealingPrivateKeys: env.SEALING_PRIVATE_KEYS,
    /** Names recipients in the database, where their addresses are not. */
    recipientKey: env.RECIPIENT_KEY,
    ledgerRetentionDays: env.LEDGER_RETENTION_DAYS,
    outboxRetentionDays: env.OUTBOX_RETENTION_DAYS,
    telemetry: telemetryOf(env),
    logLevel: env.LOG_LEVEL,
    shutdownGraceSeconds: env.SHUTDOWN_GRACE_SECONDS,
  }));

export type Config = z.infer<typeof configSchema>;

/** `Name <address>` or a bare address; no quotes, commas or line breaks that another parser could read otherwise. */
function isSender(text: string): boolean {
  const match = /^(?:[^<>@",;:\r\n]*<([^<>]+)>|([^<>\s]+))$/.exec(text);
  return canonicalAddress(match?.[1] ?? match?.[2] ?? '') !== undefined;
}
