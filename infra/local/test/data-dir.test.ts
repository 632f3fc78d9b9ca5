import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { expect, test } from 'vitest';
import { openLogFile } from '../src/console/log-file.ts';
import { openDataDir } from '../src/data-dir/open-data-dir.ts';
import { ensureSecrets } from '../src/data-dir/secrets.ts';
import { publishStack, type StackInfo, stackFilePath } from '../src/stack/stack-file.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

test('secrets are made once, for this user alone, and stay the same', async () => {
  await using folder = await createTempFolder('data');
  const dataDir = join(folder.path, 'data');
  await openDataDir(dataDir);

  const first = await ensureSecrets(dataDir);
  const second = await ensureSecrets(dataDir);

  expect(second).toEqual(first);
  expect(await modeOf(join(dataDir, 'secrets.json'))).toBe('600');
  expect(await modeOf(dataDir)).toBe(process.getuid?.() === 0 ? '711' : '700');
  expect(first.sealing.publicKey.kid).toBe(await calculateJwkThumbprint(first.sealing.publicKey));
  expect(first.sealing.privateKey).toMatchObject({ ...first.sealing.publicKey, d: expect.any(String) });
  expect(first.sealing.publicKey).not.toHaveProperty('d');
});

test('two data dirs share no secret', async () => {
  await using folder = await createTempFolder('data');
  const [one, other] = [join(folder.path, 'one'), join(folder.path, 'other')];
  for (const dir of [one, other]) await openDataDir(dir);

  const values = async (dir: string): Promise<string[]> => {
    const { postgres, nats, codeKey, sessionKey, recipientKey, sealing } = await ensureSecrets(dir);
    return [
      ...Object.values(postgres),
      nats.operator,
      nats.system,
      ...Object.values(nats.seeds),
      codeKey,
      sessionKey,
      recipientKey,
      sealing.publicKey.kid,
    ];
  };
  const all = [...(await values(one)), ...(await values(other))];

  expect(new Set(all).size).toBe(all.length);
});

test('a data dir from before a secret existed gets it, and keeps what it has', async () => {
  await using folder = await createTempFolder('data');
  const dataDir = join(folder.path, 'data');
  await openDataDir(dataDir);
  const { sessionKey: _absent, ...older } = await ensureSecrets(dataDir);
  await writeFile(join(dataDir, 'secrets.json'), JSON.stringify(older));

  const completed = await ensureSecrets(dataDir);

  expect(completed).toEqual({ ...older, sessionKey: expect.stringMatching(/^[\w-]{43}$/) });
  expect(await ensureSecrets(dataDir)).toEqual(completed);
});

test('a data dir from before services had keys for NATS gets them, and one for every user that comes later', async () => {
  await using folder = await createTempFolder('data');
  const dataDir = join(folder.path, 'data');
  await openDataDir(dataDir);
  const made = await ensureSecrets(dataDir);
  const nats = { user: 'p1', email: 'p2', operator: 'p3', seeds: { email: made.nats.seeds['email'] } };
  await writeFile(join(dataDir, 'secrets.json'), JSON.stringify({ ...made, nats }));

  const { nats: completed } = await ensureSecrets(dataDir);

  expect(Object.keys(completed.seeds)).toEqual(Object.keys(made.nats.seeds));
  expect(completed).toMatchObject({ operator: 'p3', system: expect.any(String), seeds: nats.seeds });
  expect((await ensureSecrets(dataDir)).nats).toEqual(completed);
});

test('damaged secrets are told by field, never by value', async () => {
  await using folder = await createTempFolder('data');
  await writeFile(join(folder.path, 'secrets.json'), JSON.stringify({ codeKey: 'tooshort' }));

  await expect(ensureSecrets(folder.path)).rejects.toThrow(/secrets\.json is damaged \(.*codeKey.*\)/);
  await expect(ensureSecrets(folder.path)).rejects.not.toThrow('tooshort');
});

test('secrets that were lost are not made anew for databases that need the old ones', async () => {
  await using folder = await createTempFolder('data');
  await mkdir(join(folder.path, 'postgres'));

  await expect(ensureSecrets(folder.path)).rejects.toThrow('is gone, and with it the passwords');
});

test('a data dir that can not be made is told with the variable that moves it', async () => {
  await using folder = await createTempFolder('data');
  await writeFile(join(folder.path, 'file'), '');

  await expect(openDataDir(join(folder.path, 'file', 'data'))).rejects.toThrow(/ENOTDIR.*POSTRIDER_DATA_DIR/);
});

test('stack.json appears whole, follows every change, and goes with the stack', async () => {
  await using folder = await createTempFolder('data');
  let nats = 1;
  // What else it holds makes no difference here.
  const read = () => ({ pids: { nats } }) as StackInfo;
  const file = await publishStack({ dataDir: folder.path, read, onError: (error) => expect.fail(String(error)) });
  const path = stackFilePath(folder.path);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ pids: { nats: 1 } });

  nats = 2;
  file.refresh();
  await expect.poll(async () => JSON.parse(await readFile(path, 'utf8'))).toEqual({ pids: { nats: 2 } });
  expect(await modeOf(path)).toBe('600');

  await file[Symbol.asyncDispose]();
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

test('a log keeps its predecessor at every start, and above its size', async () => {
  await using folder = await createTempFolder('data');
  const path = join(folder.path, 'user.log');
  const write = (...lines: string[]): void => {
    using log = openLogFile(path, 10);
    for (const line of lines) log.write(line);
  };

  write('first');
  write('second', 'long enough', 'third');

  expect(await readFile(path, 'utf8')).toBe('third\n');
  expect(await readFile(`${path}.1`, 'utf8')).toBe('second\nlong enough\n');
});
