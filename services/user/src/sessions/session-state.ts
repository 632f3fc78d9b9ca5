import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import type { Identity } from './tokens/access-token.ts';

/** What makes a session one that may be used; the database's clock judges. */
export const isLiveSql = 'ended_at is null and expires_at > now()';

/** Whether the session that an access token names is this user's and has not ended. One row, by its primary key. */
export async function isSessionLive(em: EntityManager, { sessionId, userId }: Identity): Promise<boolean> {
  const rows = await query(em, `select 1 from session where id = $1 and user_id = $2 and ${isLiveSql}`, [
    sessionId,
    userId,
  ]);
  return rows.length === 1;
}
