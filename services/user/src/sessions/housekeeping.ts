import type { Removal } from '@postrider/runtime/housekeeping';

/**
 * Sessions that ended, or idled, so long ago that their device may be forgotten; their spent refresh tokens go with them. By index
 * `session_over`.
 */
export function oldSessions(olderThanDays: number): Removal {
  return {
    name: 'old sessions',
    async remove(client, limit) {
      const { rowCount } = await client.query(
        `delete from session where id = any(array(
           select id from session where least(ended_at, expires_at) < now() - $1 * interval '1 day'
           order by least(ended_at, expires_at) limit $2 for update skip locked))`,
        [olderThanDays, limit],
      );
      return rowCount ?? 0;
    },
  };
}

/** For so long one can ask the table how often addresses without an account were tried. */
const keepUnknownSignInDays = 1;

/** By index `unknown_sign_in_at`. */
export const unknownSignIns: Removal = {
  name: 'sign-ins to unknown addresses',
  async remove(client, limit) {
    const { rowCount } = await client.query(
      `delete from unknown_sign_in where ctid = any(array(
         select ctid from unknown_sign_in where at < now() - $1 * interval '1 day' order by at limit $2))`,
      [keepUnknownSignInDays, limit],
    );
    return rowCount ?? 0;
  },
};
