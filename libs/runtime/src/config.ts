/* oxlint-disable typescript/explicit-module-boundary-types -- the type of a zod schema is its definition */
import { z } from 'zod';

/**
 * Reads a service's whole configuration from its environment before anything is opened.
 * An empty variable counts as absent, so that `FOO= npm start` falls back to the default.
 *
 * @throws {ConfigError} with every problem at once, each naming its variable; values are never repeated, they may be secrets
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: Record<string, string | undefined>,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const variable = String(issue.path[0] ?? 'environment');
    const missing = issue.code === 'invalid_type' && !(variable in given);
    return `${variable}: ${missing ? 'is required and not set' : issue.message}`;
  });
  throw new ConfigError(problems);
}

/** The environment does not describe a service that can start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n  ${problems.join('\n  ')}`,
    );
    this.problems = problems;
  }
}

/**
 * Schemas of single variables that several services share. What their schema alone can't tell the configuration reference stands in
 * their `meta`: `values`, what is allowed, or `unit`, of a number; and `secret`. A service adds `description` and `example`.
 */
export const variable = {
  port: (fallback: number) =>
    z.coerce
      .number()
      .int()
      .min(0)
      .max(65_535)
      .meta({ values: 'a port, 0 to 65535; 0 takes any that is free' })
      .default(fallback),
  flag: (fallback: boolean) =>
    z
      .stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] })
      .meta({ values: '`true` or `false`; also `1`, `yes`, `on` and `0`, `no`, `off`' })
      .default(fallback),
  seconds: (fallback: number) => z.coerce.number().min(0).meta({ unit: 'seconds' }).default(fallback),
  ratio: (fallback: number) => z.coerce.number().min(0).max(1).default(fallback),
  days: (fallback: number, least = 1) => z.coerce.number().min(least).meta({ unit: 'days' }).default(fallback),
  url: (protocols: readonly string[]) =>
    z
      .string()
      .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)), {
        message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
      })
      .meta({ values: `a URL: ${protocols.map((protocol) => `\`${protocol}://\``).join(' or ')}` }),
  /** One server or several, joined by commas; credentials are the first one's, percent-encoded where a URL needs it. */
  natsUrl: () =>
    z
      .string()
      .refine(
        (text) => text.split(',').every((one) => /^(nats|tls):\/\//.test(one.trim()) && URL.canParse(one.trim())),
        {
          message:
            'must be a URL that starts with nats:// or tls://, or several joined by commas; encode special characters of a password',
        },
      )
      .meta({
        values: 'a URL: `nats://` or `tls://`; several joined by commas, with the credentials in the first one',
      }),
  /** 32 bytes as base64url: a key that is not in the database. */
  key: () =>
    z
      .string()
      .transform((text) => new Uint8Array(Buffer.from(text, 'base64url')))
      .refine((bytes) => bytes.length === 32, {
        message: 'must be 32 bytes in base64url; make one with: openssl rand -base64 32 | tr +/ -_ | tr -d =',
      })
      .meta({ values: '32 bytes in base64url', secret: true }),
  /** A JSON Web Key (RFC 7517) as JSON text, with its `kid`. */
  jwk: () => z.string().transform(parseJson).pipe(jwk).meta({ values: 'a JSON Web Key with `kty` and `kid`' }),
  /** Several of them as a JSON array, the one in use first. */
  jwks: () =>
    z
      .string()
      .transform(parseJson)
      .pipe(z.array(jwk).min(1))
      .meta({ values: 'a JSON array of JSON Web Keys, each with `kty` and `kid`' }),
  logLevel: () => z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
};

const jwk = z.looseObject({ kty: z.string(), kid: z.string() }, { error: 'must be a JSON Web Key with kty and kid' });

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
}
