import { z } from 'zod';
import { highestPortOffset, portNobodyMayAsk } from '../ports/ports.ts';

/** What `npm start` can be told by environment variables; the reference in CONFIGURATION.md is made from it. */
export const stackSettings = z.object({
  POSTRIDER_DATA_DIR: z.string().default('.data').meta({
    group: 'Beside another stack',
    values: 'a path, from the root of the repository',
    description: 'Where databases, streams, mails, logs and generated secrets are kept. One stack at a time uses it.',
    example: '/tmp/postrider',
  }),
  PORT_OFFSET: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(highestPortOffset, `must be ${highestPortOffset} at most, or ports would be above 65535`)
    .refine((offset) => portNobodyMayAsk(offset) === undefined, {
      error: ({ input }) =>
        `must be another: it puts the stack on port ${portNobodyMayAsk(Number(input))}, which browsers and fetch refuse to open`,
    })
    .default(0)
    .meta({ description: 'Is added to every port that the stack listens on.', example: '100' }),
  PUBLIC_URL: url('http', 'https').optional().meta({
    description: 'Base of the links in mails. Without it: the user service’s own port on `localhost`.',
    example: 'https://accounts.example.com',
  }),
  USER_DATABASE_URL: url('postgres', 'postgresql').optional().meta({
    group: 'Servers of your own',
    secret: true,
    description:
      'The user service’s database, which exists already; its role may create tables. Without it: one in the embedded PostgreSQL, which is not started when both services have theirs elsewhere.',
    example: 'postgres://postrider_user:<password>@db.example.com:5432/user',
  }),
  EMAIL_DATABASE_URL: url('postgres', 'postgresql').optional().meta({
    secret: true,
    description: 'The email service’s database, likewise.',
    example: 'postgres://postrider_email:<password>@db.example.com:5432/email',
  }),
  NATS_URL: natsUrls().optional().meta({
    secret: true,
    description:
      'NATS with JetStream, as a user who may create streams and consumers; both services connect as the same one. Without it: an embedded nats-server.',
    example: 'nats://operator:<password>@nats.example.com:4222',
  }),
  SMTP_URL: url('smtp', 'smtps').optional().meta({
    secret: true,
    description: 'Where mail goes. Without it: the mailbox.',
    example: 'smtp://postrider:<password>@mail.example.com:587?requireTLS=true',
  }),
  NATS_SERVER_BIN: z.string().optional().meta({
    group: 'Where nats-server comes from',
    values: 'a path',
    description:
      'The nats-server to run. Without it: one on the `PATH`, or one that is downloaded once, its checksum or signature verified.',
    example: '/opt/nats/nats-server',
  }),
  NATS_RELEASE_BASE_URL: url('http', 'https').optional().meta({
    description: 'A mirror of the official releases, with the same folders.',
    example: 'https://mirror.example.com/nats-server/releases/download',
  }),
  POSTRIDER_CACHE_DIR: z.string().optional().meta({
    values: 'a path',
    description: 'Keeps what was downloaded. Without it: `postrider` in `XDG_CACHE_HOME`, or in `~/.cache`.',
    example: '/var/cache/postrider',
  }),
});

function url(...protocols: string[]): z.ZodString {
  const wanted = protocols.map((protocol) => `${protocol}://`);
  return z
    .string()
    .refine((text) => hasProtocol(text, protocols), `must be a URL that starts with ${wanted.join(' or ')}`)
    .meta({ values: `a URL: ${wanted.map((start) => `\`${start}\``).join(' or ')}` });
}

/** One server, or several joined by commas. */
function natsUrls(): z.ZodString {
  const protocols = ['nats', 'tls'];
  return z
    .string()
    .refine(
      (text) => text.split(',').every((one) => hasProtocol(one.trim(), protocols)),
      'must be URLs that start with nats:// or tls://',
    )
    .meta({ values: 'a URL: `nats://` or `tls://`; several joined by commas, with the credentials in the first one' });
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1));
}
