import { variable } from '@postrider/runtime';
import { canonicalAddress } from '@postrider/contracts';
import { z } from 'zod';

/** The email service's environment. Defaults run locally; keys have none. */
export const configSchema = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: variable.port(3010),
    PUBLIC_URL: variable.url(['http', 'https']).default('http://localhost:3000'),
    DATABASE_URL: variable.url(['postgres', 'postgresql']).default('postgres://postrider_email@127.0.0.1:54329/email'),
    NATS_URL: variable.natsUrl().default('nats://127.0.0.1:4222'),
    EVENTS_ENABLED: variable.flag(true),
    SMTP_URL: variable.url(['smtp', 'smtps']).default('smtp://127.0.0.1:1025'),
    MAIL_FROM: z
      .string()
      .default('Postrider <no-reply@postrider.example>')
      .refine(isSender, { message: 'must look like: Name <address@example.com>' }),
    SEALING_PRIVATE_KEYS: variable.jwks(),
    RECIPIENT_KEY: variable.key(),
    LOG_LEVEL: variable.logLevel(),
    SHUTDOWN_GRACE_SECONDS: variable.seconds(8),
  })
  .transform((env) => ({
    host: env.HOST,
    port: env.PORT,
    /** Base of every link in a mail, without a slash at its end. */
    publicUrl: env.PUBLIC_URL.replace(/\/+$/, ''),
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    /** False: nothing is received or published; mails owed wait in the streams, facts in the outbox. */
    eventsEnabled: env.EVENTS_ENABLED,
    /** `smtp://` upgrades by STARTTLS where the server offers it; `?requireTLS=true` refuses to do without. */
    smtpUrl: env.SMTP_URL,
    mailFrom: env.MAIL_FROM,
    /** Newest first. While a key is being replaced the former one stays here until nothing sealed for it is left. */
    sealingPrivateKeys: env.SEALING_PRIVATE_KEYS,
    /** Names recipients in the database, where their addresses are not. */
    recipientKey: env.RECIPIENT_KEY,
    logLevel: env.LOG_LEVEL,
    shutdownGraceSeconds: env.SHUTDOWN_GRACE_SECONDS,
  }));

export type Config = z.infer<typeof configSchema>;

/** `Name <address>` or a bare address; no quotes, commas or line breaks that another parser could read otherwise. */
function isSender(text: string): boolean {
  const match = /^(?:[^<>@",;:\r\n]*<([^<>]+)>|([^<>\s]+))$/.exec(text);
  return canonicalAddress(match?.[1] ?? match?.[2] ?? '') !== undefined;
}
