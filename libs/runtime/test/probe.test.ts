import { defineEntity, p } from '@mikro-orm/core';
import { testDatabase } from '@postrider/local/testing';
import { pino } from 'pino';
import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { openDatabase } from '../src/database.ts';

test('a database whose connections are all taken answers the probe, and one that takes no writes does not', async () => {
  await using server = await testDatabase({ name: 'probe' });
  const pools: Pool[] = [];
  await using database = await openDatabase({
    url: server.url,
    entities: [defineEntity({ name: 'Nothing', properties: { id: p.integer().primary() } })],
    migrations: [],
    log: pino({ level: 'silent' }),
    onPoolCreated: (pool) => pools.push(pool),
  });
  await database.probe();
  const [pool] = pools;
  const taken = await Promise.all(Array.from({ length: pool?.options.max ?? 0 }, async () => await pool?.connect()));
  try {
    expect(taken.length).toBeGreaterThan(0);
    await database.probe();
    await taken[0]?.query(
      `alter database ${new URL(server.url).pathname.slice(1)} set default_transaction_read_only = on`,
    );
    await expect(database.probe()).rejects.toThrow('takes no writes');
  } finally {
    for (const client of taken) client?.release();
  }
});
