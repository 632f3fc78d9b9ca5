import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../process/start-server.ts';
import { findDebianTool } from './debian-tool.ts';
import { createTempFolder } from './temp-folder.ts';

export interface TestNginx extends AsyncDisposable {
  readonly url: string;
}

/** Runs nginx with a configuration of its own text, in a folder of its own; it listens on this port of the loopback. */
export async function testNginx(binary: string, configuration: string, port: number): Promise<TestNginx> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('nginx'));
  await chmod(folder, 0o755);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration);
  starting.use(
    await startServer({
      title: `nginx on port ${port}`,
      command: binary,
      args: ['-p', folder, '-c', file, '-e', 'stderr', '-g', 'daemon off;'],
      env: {},
      diesWithUs: 'reaper',
      stopBy: [{ signal: 'SIGTERM', graceMs: 5_000 }],
      readyWithinMs: 20_000,
      isReady: async () => {
        // Whatever it answers, it answers.
        const answer = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).catch(() => undefined);
        return answer !== undefined;
      },
    }),
  );
  const running = starting.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** An nginx with the `auth_request` module. */
export async function findNginx(): Promise<string | undefined> {
  return findDebianTool({
    command: 'nginx',
    variable: 'NGINX_BIN',
    debian: { name: 'nginx', binary: 'usr/sbin/nginx' },
    probe: '-V',
    says: '--with-http_auth_request_module',
  });
}
