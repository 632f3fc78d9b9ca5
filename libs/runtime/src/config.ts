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

/** Schemas of single variables that several services share. */
export const variable = {
  port: (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback),
  flag: (fallback: boolean) =>
    z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }).default(fallback),
  seconds: (fallback: number) => z.coerce.number().min(0).default(fallback),
  ratio: (fallback: number) => z.coerce.number().min(0).max(1).default(fallback),
  days: (fallback: number, least = 1) => z.coerce.number().min(least).default(fallback),
  url: (protocols: readonly string[]) =>
    z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)), {
      message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
    }),
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
      ),
  /** 32 bytes as base64url: a key that is not in the database. */
  key: () =>
    z
      .string()
      .transform((text) => new Uint8Array(Buffer.from(text, 'base64url')))
      .refine((bytes) => bytes.length === 32, {
        message: 'must be 32 bytes in base64url; make one with: openssl rand -base64 32 | tr +/ -_ | tr -d =',
      }),
  /** A JSON Web Key (RFC 7517) as JSON text, with its `kid`. */
  jwk: () => z.string().transform(parseJson).pipe(jwk),
  /** Several of them as a JSON array, the one in use first. */
  jwks: () => z.string().transform(parseJson).pipe(z.array(jwk).min(1)),
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
