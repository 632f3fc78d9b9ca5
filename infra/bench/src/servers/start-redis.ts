import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@postrider/local';

/** Whether there is a Redis to measure BullMQ on: REDIS_SERVER, or `redis-server` of the PATH. */
export function findRedis(env: NodeJS.ProcessEnv): string | undefined {
  const binary = env['REDIS_SERVER'] ?? 'redis-server';
  return spawnSync(binary, ['--version']).status === 0 ? binary : undefined;
}

/** Redis with an append-only file that is synced every second, its usual setting for queues. */
export async function startRedis(
  dataDir: string,
  env: NodeJS.ProcessEnv,
): Promise<{ port: number; pid: number } & AsyncDisposable> {
  const binary = findRedis(env);
  if (binary === undefined) throw new Error('There is no redis-server; name one in REDIS_SERVER.');
  const port = await freePort();
  const dir = join(dataDir, 'redis');
  await mkdir(dir);
  const settings = { port, bind: '127.0.0.1', dir, appendonly: 'yes', appendfsync: 'everysec', save: '' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn(binary, args, { stdio: 'ignore' });
  const exited = once(server, 'exit');
  await untilListening(port);
  return {
    port,
    pid: server.pid ?? 0,
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await exited;
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`Redis does not listen on ${port}.`);
}
