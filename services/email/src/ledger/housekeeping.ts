import type { Removal } from '@postrider/runtime/housekeeping';

/**
 * Mails that are final, with their attempts. An open one stays, however old: we still owe it. By index `mail_settled_at`.
 *
 * The ledger is what knows that an event's mail was sent already, so a row must outlive every copy of its event: streams keep theirs for
 * 30 days, dead letters for 90, and each can be delivered again by a restored server or an operator's replay. A row
 * removed earlier would be a mail sent twice.
 */
export function settledMails(olderThanDays: number): Removal {
  return {
    name: 'settled mails',
    async remove(client, limit) {
      const { rowCount } = await client.query(
        `delete from mail where settled_at is not null and id = any(array(
           select id from mail where settled_at < now() - $1 * interval '1 day'
           order by settled_at limit $2 for update skip locked))`,
        // A mail takes its few attempts along, by cascade: fewer mails keep the statement as small as the others.
        [olderThanDays, Math.ceil(limit / attemptsAMail)],
      );
      return rowCount ?? 0;
    },
  };
}

const attemptsAMail = 5;
