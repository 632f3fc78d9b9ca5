import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portsAt, refuseTakenPorts } from '../src/ports/ports.ts';
import { freePort, reservePort } from '../src/process/free-port.ts';
import { lockDataDir, removePidFile, stopLeftovers, writePidFile } from '../src/process/pid-files.ts';
import { processInfo } from '../src/process/process-info.ts';
import type { RunningServer } from '../src/process/server-process.ts';
import { startNodeServer } from '../src/process/start-node-server.ts';
import { supervise, type SupervisionEvent } from '../src/process/supervise.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';

const fakeServer = join(import.meta.dirname, 'fake-server.mjs');

async function startFake(port: number): Promise<RunningServer> {
  return startNodeServer({
    title: 'The fake server',
    script: fakeServer,
    cwd: '/',
    env: { PORT: String(port) },
    readyUrls: [`http://127.0.0.1:${port}/`],
    stopGraceMs: 2_000,
  });
}

/** Another process that asks for this port, or for any, and lives on. */
async function askForPort(wanted?: number): Promise<{ owner: ChildProcess; port: number; hasPort: boolean }> {
  const module = JSON.stringify(join(import.meta.dirname, '../src/process/free-port.ts'));
  const ask =
    wanted === undefined
      ? 'const port = await freePort(); const hasPort = true;'
      : `const port = ${wanted}; const hasPort = await reservePort(port);`;
  const script = `import { freePort, reservePort } from ${module}; ${ask} console.log(JSON.stringify({ port, hasPort })); setInterval(() => {}, 1e6);`;
  const args = ['--input-type=module', '-e', script];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = await once(owner.stdout, 'data');
  return { owner, ...(JSON.parse(String(chunk)) as { port: number; hasPort: boolean }) }; // Its only line.
}

/** Another process that has started a server, and its pid. */
async function ownerOf(options: object): Promise<{ owner: ChildProcess; pid: number }> {
  const args = [join(import.meta.dirname, 'owner.mjs'), JSON.stringify(options)];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = await once(owner.stdout, 'data');
  return { owner, pid: Number(String(chunk)) };
}

test('a process that is killed is started again and answers on the same port', async () => {
  const port = await freePort();
  const events: SupervisionEvent['type'][] = [];
  const { promise: restarted, resolve } = Promise.withResolvers<void>();
  await using supervised = await supervise({
    start: async () => startFake(port),
    onEvent: ({ type }) => {
      events.push(type);
      if (type === 'restarted') resolve();
    },
  });
  const killed = supervised.current.pid;

  process.kill(killed, 'SIGKILL');
  await restarted;

  expect(events).toEqual(['died', 'restarted']);
  expect(supervised.current.pid).not.toBe(killed);
  expect((await fetch(`http://127.0.0.1:${port}/`)).ok).toBe(true);
});

test('a server that never becomes ready is an error that quotes it, and does not stay', async () => {
  const port = await freePort();
  const holder = await listenOn(port);

  await expect(startFake(port)).rejects.toThrow(/The fake server did not start\. It wrote:\n.*EADDRINUSE/s);
  holder.close();
});

test('a port is given to one process only, and to others when that one has ended', async () => {
  const port = await freePort();
  const { owner, hasPort } = await askForPort(port);
  expect(hasPort).toBe(false);
  owner.kill('SIGKILL');

  const { owner: first, port: theirs } = await askForPort();
  expect(await reservePort(theirs)).toBe(false);
  first.kill('SIGKILL');
  await expect.poll(async () => reservePort(theirs)).toBe(true);
});

test('when its owner is killed, a Node process ends by its channel', async () => {
  const stopBy = [{ signal: 'SIGTERM', graceMs: 1_000 }];
  const options = { command: process.execPath, args: [fakeServer], env: { PORT: '0' }, diesWithUs: 'ipc', stopBy };
  const { owner, pid } = await ownerOf(options);

  owner.kill('SIGKILL');

  await expect.poll(async () => processInfo(pid), { timeout: 5_000 }).toBeUndefined();
});

test('when its owner is killed, any other server ends by its reaper, and its folder goes', async () => {
  await using folder = await createTempFolder('owner');
  const store = join(folder.path, 'store');
  await mkdir(store);
  const stopBy = [{ signal: 'SIGTERM', graceMs: 1_000 }];
  const { owner, pid } = await ownerOf({
    command: '/bin/sleep',
    args: ['600'],
    diesWithUs: 'reaper',
    stopBy,
    folder: store,
  });

  owner.kill('SIGKILL');

  await expect.poll(async () => processInfo(pid), { timeout: 5_000 }).toBeUndefined();
  await expect.poll(async () => readdir(folder.path), { timeout: 5_000 }).toEqual([]);
});

test('what an earlier start left running is ended by its pid file', async () => {
  await using folder = await createTempFolder('run');
  const leftover = spawn('/bin/sleep', ['600']);
  await once(leftover, 'spawn');
  await writePidFile(folder.path, 'nats', leftover.pid ?? 0);

  const stopped = await stopLeftovers(folder.path);

  expect(stopped).toEqual(['nats']);
  expect(await readdir(folder.path)).toEqual([]);
  expect(await processInfo(leftover.pid ?? 0)).toBeUndefined();
});

test('a stranger with a recycled pid is left alone', async () => {
  await using folder = await createTempFolder('run');
  const stranger = spawn('/bin/sleep', ['600']);
  await once(stranger, 'spawn');
  await writePidFile(folder.path, 'nats', stranger.pid ?? 0);
  const path = join(folder.path, 'nats.json');
  const file = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...file, startedAt: 'another time' }));

  expect(await stopLeftovers(folder.path)).toEqual([]);

  expect(stranger.exitCode).toBeNull();
  expect(await processInfo(stranger.pid ?? 0)).toBeDefined();
  stranger.kill();
});

test('a pid file that is damaged, or gone, is no leftover', async () => {
  await using folder = await createTempFolder('run');
  await writeFile(join(folder.path, 'nats.json'), '{"pid":');
  await removePidFile(folder.path, 'email');

  expect(await stopLeftovers(folder.path)).toEqual([]);
});

test('a data dir belongs to one supervisor at a time, and the second is told which', async () => {
  await using folder = await createTempFolder('run');
  const lock = await lockDataDir(folder.path);

  await expect(lockDataDir(folder.path)).rejects.toThrow(`already runs with this data dir, as pid ${process.pid}`);
  await lock[Symbol.asyncDispose]();

  await using _again = await lockDataDir(folder.path);
  expect(await readdir(folder.path)).toEqual(['supervisor.json']);
});

test('the lock of a supervisor that was killed is taken over, by one of two', async () => {
  await using folder = await createTempFolder('run');
  await writeFile(
    join(folder.path, 'supervisor.json'),
    JSON.stringify({ pid: process.pid, startedAt: 'long ago', command: 'x' }),
  );

  await using _lock = await lockDataDir(folder.path);

  await expect(lockDataDir(folder.path)).rejects.toThrow('already runs');
});

test('every taken port is told at once, with the variable and who holds it', async () => {
  const offset = (await freePort()) - 8025;
  const ports = { ...portsAt(0), mailbox: 8025 + offset, smtp: await freePort(), nats: await freePort() };
  const holders = await Promise.all([ports.mailbox, ports.smtp].map(listenOn));

  const refused = refuseTakenPorts(ports, ['mailbox', 'smtp', 'nats']);

  await expect(refused).rejects.toThrow(
    `Port ${ports.mailbox}, for the mailbox (8025 + PORT_OFFSET), is taken by pid ${process.pid}`,
  );
  await expect(refused).rejects.toThrow(`Port ${ports.smtp}`);
  await expect(refused).rejects.not.toThrow(`Port ${ports.nats}`);
  for (const holder of holders) holder.close();
});

async function listenOn(port: number) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('a process is told from a later one with the same pid by when it started', async () => {
  const own = await processInfo(process.pid);
  expect(own).toEqual(await processInfo(process.pid));
  expect((await processInfo(process.ppid))?.startedAt).not.toBe(own?.startedAt);
  expect(await processInfo(2 ** 22 + 1)).toBeUndefined();
});
