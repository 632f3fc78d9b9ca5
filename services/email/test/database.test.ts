import { MikroORM } from '@mikro-orm/postgresql';
import { testDatabase } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { emailDatabase, migrate } from '../src/database.ts';

test('the migrations make exactly the tables that the entities describe', async () => {
  await using database = await testDatabase({ name: 'email', migrate });
  const { entities, otherTables = [] } = emailDatabase(database.url);
  const orm = await MikroORM.init({
    clientUrl: database.url,
    entities: [...entities],
    schemaGenerator: { skipTables: [...otherTables, 'mikro_orm_migrations'] },
  });
  try {
    expect(await columnsThatDiffer(orm)).toEqual([]);
  } finally {
    await orm.close();
  }
});

test('migrating twice, and twice at once, changes nothing', async () => {
  await using database = await testDatabase({ name: 'email_empty' });
  await Promise.all([migrate(database.url), migrate(database.url)]);
  await expect(migrate(database.url)).resolves.toBeUndefined();
});

/** Statements that would change a table or a column; further indexes and keys are the migration's own business. */
async function columnsThatDiffer(orm: MikroORM): Promise<string[]> {
  const sql = await orm.schema.getUpdateSchemaSQL({ wrap: false });
  return sql
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(drop index|alter table .* drop constraint) /.test(line));
}
