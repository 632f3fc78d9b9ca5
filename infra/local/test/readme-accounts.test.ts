import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { freePortOffset } from '../src/ports/free-port-offset.ts';
import { freePort } from '../src/process/free-port.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';
import { findNginx } from '../src/testing/test-nginx.ts';
import { person, runStack } from './running-stack.ts';

const root = join(import.meta.dirname, '../../..');
const nginx = await findNginx();
const skipped = !hasCurl()
  ? ' (skipped: no curl found)'
  : nginx === undefined
    ? ' (skipped: no nginx with auth_request found; install it or set NGINX_BIN)'
    : '';

test.skipIf(skipped !== '')(
  `what the README says to clients behind a gateway works as it stands there: registering, signing in, the reset by mail, behind nginx${skipped}`,
  async () => {
    await using folder = await createTempFolder('readme');
    await using stack = await runStack({
      dataDir: join(folder.path, 'data'),
      portOffset: await freePortOffset(),
      env: { TRUSTED_PROXIES: '127.0.0.1', VERIFICATION_COOLDOWN_SECONDS: '0' }, // A mail a minute is what an address gets else.
    });
    const info = await stack.info();
    const places: Record<string, string> = {
      3000: new URL(info.userUrl).port,
      3001: new URL(info.gatewayUrl).port,
      8000: String(await freePort()),
      8080: String(await freePort()),
    };
    const here = (text: string): string =>
      text.replaceAll(
        /(localhost:|127\.0\.0\.1:|listen\()(3000|3001|8000|8080)\b/g,
        (_all, host, port) => host + places[port],
      );
    await mkdir(join(folder.path, 'infra/gateway'), { recursive: true });
    const configuration = await readFile(join(root, 'infra/gateway/nginx.conf'), 'utf8');
    await writeFile(join(folder.path, 'infra/gateway/nginx.conf'), here(configuration));
    const [registering, signingIn, resetting, gateway] = await blocks('For clients behind a gateway');
    await using shell = startShell(folder.path, dirname(nginx ?? ''));
    const ada = person(info, 'ada@example.com');

    expect(statuses(await shell.run(here(registering)))).toEqual([202]);
    const { token } = await ada.secrets();
    expect((await ada.confirm({ token })).status).toBe(200);
    const session = await shell.run(here(signingIn));
    expect(statuses(session)).toEqual([200, 200, 204]);
    expect(session).toContain('"displayName":"Ada"');

    // Up to the mail; then with the flow of the answer and the code of the mail, as its text says.
    const [ask = '', rest = ''] = here(resetting).split(/(?<=in the mail: .*\n)/);
    const { flowId } = JSON.parse(await shell.run(ask)) as { flowId: string };
    const isReset = ({ Subject }: { Subject: string }): boolean => /password/i.test(Subject);
    await expect.poll(async () => (await ada.mails()).filter(isReset).length).toBe(1);
    const mail = await ada.textOf((await ada.mails()).find(isReset)?.ID ?? '');
    await shell.run(`flow=${flowId} code=${/\b\d{8}\b/.exec(mail)?.[0]}`);
    expect(statuses(await shell.run(rest))).toEqual([204, 204]);

    const [, ...afterStart] = here(gateway).split('\n'); // The first line is what starts all this.
    const [nginxLine = '', application = '', ...requests] = afterStart;
    await shell.run([nginxLine, application].join('\n'));
    for (const port of [places['8000'], places['8080']])
      await expect
        .poll(() =>
          fetch(`http://127.0.0.1:${port}/`).then(
            ({ status }) => status > 0,
            () => false,
          ),
        )
        .toBe(true);
    const [signIn = '', orders = '', stranger = ''] = requests;
    await shell.run(signIn);
    expect((await shell.run(orders)).trim()).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
    const refused = await shell.run(stranger);
    expect(statuses(refused)).toEqual([401]);
    expect(refused).toMatch(/^www-authenticate: Bearer/im);
  },
);

/** The shell blocks of a section, in order. */
async function blocks(title: string): Promise<[string, string, string, string]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const section = readme.split(/^## /m).find((text) => text.startsWith(title)) ?? '';
  const [one = '', two = '', three = '', four = ''] = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );
  return [one, two, three, four];
}

function statuses(output: string): number[] {
  return [...output.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
}

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** A shell as a person has it open: variables stay, and what it started in the background ends with it. */
function startShell(cwd: string, path: string) {
  const child = spawn('bash', [], {
    cwd,
    detached: true, // A group of its own, which is ended as a whole.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PATH: `${process.env['PATH']}${delimiter}${path}` },
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  let count = 0;
  return {
    /** What the commands printed, once the last of them is done. */
    async run(commands: string): Promise<string> {
      const end = `-- end ${++count} --`;
      printed = '';
      child.stdin.write(`${commands}\necho; echo '${end}'\n`);
      await expect.poll(() => printed.includes(end)).toBe(true);
      return printed.slice(0, printed.indexOf(end));
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await ended;
    },
  };
}
