import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { type SessionFacts, sessionFactsSql } from './grant.ts';
import { isLiveSql } from './session-state.ts';

/** A user's live sessions, the newest first: at most `limit` of those opened before `before` (a session's id, which tells its time). */
export async function listSessions(
  em: EntityManager,
  userId: string,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<SessionFacts[]> {
  return query<SessionFacts>(
    em,
    `select ${sessionFactsSql} from session
     where user_id = $1 and ($2::uuid is null or id < $2) and ${isLiveSql} order by id desc limit $3`,
    [userId, before ?? null, limit],
  );
}
