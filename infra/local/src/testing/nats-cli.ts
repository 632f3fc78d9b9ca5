import { execFile, spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The real `nats` CLI: on the PATH, or where `go install` puts it. Undefined where there is none. */
export const natsCliPath: string | undefined = ['nats', join(homedir(), 'go/bin/nats')].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** To end the name of a test with that skips itself: empty where the CLI is there. */
export const whyNoNatsCli: string = natsCliPath === undefined ? ': skipped, the nats CLI is not on this machine' : '';

export type NatsCli = (...args: string[]) => Promise<string>;

/** The CLI on one server, with whatever the URL says. Answers what it printed; rejects with that when it ends with anything but 0. */
export function natsCli(url: string): NatsCli {
  const { host, username, password } = new URL(url);
  const access = ['--no-context', '--server', host, '--user', username, '--password', password];
  return async (...args) => {
    const { stdout, stderr } = await promisify(execFile)(natsCliPath ?? 'nats', [...args, ...access], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    return stdout + stderr;
  };
}
