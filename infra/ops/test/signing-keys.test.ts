import { expect, test } from 'vitest';
import { startOpsWorld } from './ops-world.ts';

test('operators see the signing keys and have the next one made, whose predecessor signs until everybody knows it', async () => {
  await using world = await startOpsWorld();
  const list = async () => {
    const { stdout } = await world.ops('signing-keys', 'list', '--json');
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kid: string; state: string; replaceAt: string });
  };
  const [first, ...none] = await list();
  expect(none).toEqual([]);
  expect(first).toMatchObject({ state: 'signing' });

  const { code, stdout } = await world.ops('signing-keys', 'rotate');
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(first?.kid ?? 'no key') });
  expect(Date.parse((await list())[0]?.replaceAt ?? '')).toBeLessThanOrEqual(Date.now());

  expect(await world.ops('signing-keys', 'rotate', '--now')).toMatchObject({ code: 2 });
  expect(await world.ops('signing-keys')).toMatchObject({ code: 2 });
});
