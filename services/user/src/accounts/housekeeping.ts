import type { Removal } from '@postrider/runtime/housekeeping';

/**
 * Accounts whose address nobody proved in time, so that one typed by mistake, or for somebody else, does not stay taken or stored; their
 * challenges go with them. Not while a link is still open that would verify it (a resend late in its time), and not
 * while a request holds the row. By index `user_unverified`.
 *
 * Nothing is published: no contract says what this would mean to those who heard `user.registered`. The public `erased` event
 * comes with erasure; until then consumers treat an account that was never verified as nobody's.
 */
export function unverifiedAccounts(olderThanDays: number): Removal {
  return {
    name: 'unverified accounts',
    async remove(client, limit) {
      const { rowCount } = await client.query(
        `delete from "user" where verified_email is null and id = any(array(
           select u.id from "user" u
           where u.verified_email is null and u.created_at < now() - $1 * interval '1 day'
             and not exists (select from challenge c
               where c.user_id = u.id and c.used_at is null and c.superseded_at is null and c.expires_at > now())
           order by u.created_at limit $2 for update of u skip locked))`,
        [olderThanDays, limit],
      );
      return rowCount ?? 0;
    },
  };
}

/** Flows whose time is over: a client that still holds one is told so either way. By index `verification_flow_expires_at`. */
export const endedFlows: Removal = {
  name: 'ended verification flows',
  async remove(client, limit) {
    const { rowCount } = await client.query(
      `delete from verification_flow where id = any(array(
         select id from verification_flow where expires_at <= now() order by expires_at limit $1))`,
      [limit],
    );
    return rowCount ?? 0;
  },
};
