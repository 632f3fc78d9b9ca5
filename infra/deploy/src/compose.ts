import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const root: string = join(import.meta.dirname, '../../..');
// As compose reads it, with its defaults.
const { env } = process; // oxlint-disable-line node/no-process-env
const port = (name: string, usual: number): string => `127.0.0.1:${env[name] || usual}`;
const secret = (name: string, usual: string): string => env[name] || usual;
const [publicHost, natsHost, postgresHost] = [
  port('PUBLIC_PORT', 3000),
  port('NATS_PORT', 4222),
  port('POSTGRES_PORT', 54_329),
];
const natsOperatorUrl = `nats://operator:${secret('NATS_OPERATOR_PASSWORD', 'operator-dev')}@${natsHost}`;

/** Where docker-compose.yml is reached from outside, as far as it is; in the form of a stack.json. */
export const ends = {
  userUrl: `http://${publicHost}`,
  mailboxUrl: `http://${port('MAILPIT_PORT', 8025)}`,
  smtpUrl: `smtp://${port('SMTP_PORT', 1025)}`,
  natsOperatorUrl,
  databaseUrls: {
    user: `postgres://user:${secret('USER_DATABASE_PASSWORD', 'user-dev')}@${postgresHost}/user`,
    email: `postgres://email:${secret('EMAIL_DATABASE_PASSWORD', 'email-dev')}@${postgresHost}/email`,
  },
};

export async function compose(...args: string[]): Promise<void> {
  await run('docker', ['compose', ...args]);
}

export async function rollingRestart(): Promise<void> {
  await run('infra/deploy/rolling-restart', []);
}

/** @throws with what it printed, when it ends with anything but 0 or takes a quarter of an hour */
async function run(command: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, args, { cwd: root, maxBuffer: 64 * 2 ** 20, timeout: 900_000 });
  } catch (error) {
    const { stderr } = error as { stderr?: string }; // As execFile documents it.
    throw new Error(`${[command, ...args].join(' ')} failed:\n${stderr?.slice(-4_000)}`, { cause: error });
  }
}
