import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const traceId = 'd4aaba7d7ece2a4fff262449e83ce0fe';
const line = (second: number, msg: string, of = traceId): string =>
  `${JSON.stringify({ level: 'info', time: new Date(second * 1_000), traceId: of, eventId: traceId, msg })}\n`;

test('tells the lines of a trace in the order of time, whichever process wrote them, before its restart or after', async () => {
  await using stack = await stackWithLogs({
    'email.log': line(4, 'mail sent') + line(5, 'another mail sent', 'f'.repeat(32)),
    'user.log': line(2, 'request answered') + line(3, 'event published'),
    'user.log.1': line(1, 'before the restart'),
    'nats.log': `[1] 2026/11/28 [INF] ${traceId}\n`,
  });
  const told = await stack.trace(traceId);
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(
    told.stdout
      .replaceAll(/ \d\d:\d\d:\d\d/g, '')
      .trimEnd()
      .split('\n'),
  ).toEqual([
    '     +0 ms  user     before the restart [d4aaba7d]',
    '  +1000 ms  user     request answered [d4aaba7d]',
    '  +2000 ms  user     event published [d4aaba7d]',
    '  +3000 ms  email    mail sent [d4aaba7d]',
  ]);
  expect((await stack.trace('d4aaba7d')).stdout).toBe(told.stdout);
});

test('says what is unknown, and what is no trace id', async () => {
  await using stack = await stackWithLogs({ 'user.log': line(1, 'request answered') });
  expect(await stack.trace('0'.repeat(32))).toMatchObject({ code: 1, stdout: expect.stringContaining('No line of') });
  expect(await stack.trace('ada@example.com')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no trace id'),
  });
  expect(await stack.trace()).toMatchObject({ code: 2, stderr: expect.stringContaining('trace <trace id>') });
});

/** A data dir as a stack leaves it. */
async function stackWithLogs(logs: Record<string, string>) {
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-trace-'));
  await mkdir(join(dataDir, 'logs'));
  for (const [name, text] of Object.entries(logs)) await writeFile(join(dataDir, 'logs', name), text);
  const info = { userUrl: 'http://127.0.0.1:1', natsOperatorUrl: 'nats://127.0.0.1:1', databaseUrls: {} };
  await writeFile(join(dataDir, 'stack.json'), JSON.stringify(info));
  const env = { ...process.env, POSTRIDER_DATA_DIR: dataDir, NO_COLOR: '1', FORCE_COLOR: '0' };
  const trace = (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const script = join(import.meta.dirname, '../src/ops.ts');
      const child = execFile(process.execPath, [script, 'trace', ...args], { env }, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  return { trace, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) };
}
