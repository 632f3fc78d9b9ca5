import { testDatabase } from '@postrider/local/testing';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { reclaimLostConnections } from '../src/reclaim-lost-connections.ts';

test('a connection that the server has said farewell to is handed to nobody else', async () => {
  await using database = await testDatabase({ name: 'farewell' });
  const pool = new Pool({ connectionString: database.url, max: 1 });
  try {
    reclaimLostConnections(pool);
    const client = await pool.connect();
    const farewell = client.query('select pg_terminate_backend(pg_backend_pid())');
    await expect(farewell).rejects.toMatchObject({ code: '57P01' });
    client.release(); // As kysely does: whatever came of the query.
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await pool.end();
  }
});

test('a connection whose prepared statement the server does not know any more is handed to nobody else', async () => {
  await using database = await testDatabase({ name: 'forgotten' });
  const pool = new Pool({ connectionString: database.url, max: 1 });
  try {
    reclaimLostConnections(pool);
    const one = { name: 'one', text: 'select 1 as one' };
    await pool.query(one);
    await pool.query('deallocate all');
    await expect(pool.query(one)).rejects.toMatchObject({ code: '26000' });
    expect((await pool.query(one)).rows).toEqual([{ one: 1 }]);
  } finally {
    await pool.end();
  }
});
