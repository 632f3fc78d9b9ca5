import type { Removal } from '@postrider/runtime/housekeeping';

/** For a while after its end a challenge still says "closed" to whoever opens an old link. */
const keepExpiredDays = 1;

/** Challenges that are over, used or not. By index `challenge_expires_at`. */
export const expiredChallenges: Removal = {
  name: 'expired challenges',
  async remove(client, limit) {
    const { rowCount } = await client.query(
      `delete from challenge where id = any(array(
         select id from challenge where expires_at < now() - $1 * interval '1 day'
         order by expires_at limit $2 for update skip locked))`,
      [keepExpiredDays, limit],
    );
    return rowCount ?? 0;
  },
};

/** What was written for the time it takes alone. By index `unsent_challenge_at`. */
export const unsentChallenges: Removal = {
  name: 'unsent challenges',
  async remove(client, limit) {
    const { rowCount } = await client.query(
      `delete from unsent_challenge where ctid = any(array(
         select ctid from unsent_challenge where at < now() - interval '1 minute' order by at limit $1 for update skip locked))`,
      [limit],
    );
    return rowCount ?? 0;
  },
};

/**
 * Cooldowns that are over, and with them the day in which mails are counted: without its row an address may be mailed, as with one this old. Rows that a request holds at this moment are
 * left alone; a request that meets a removal waits for it and starts the cooldown anew. By index `mail_cooldown_last_at`.
 */
export function endedCooldowns(cooldownSeconds: number): Removal {
  return {
    name: 'ended mail cooldowns',
    async remove(client, limit) {
      const { rowCount } = await client.query(
        `delete from mail_cooldown where address_key = any(array(
           select address_key from mail_cooldown where last_at < now() - greatest($1 * interval '1 second', interval '1 day')
           order by last_at limit $2 for update skip locked))`,
        [cooldownSeconds, limit],
      );
      return rowCount ?? 0;
    },
  };
}
