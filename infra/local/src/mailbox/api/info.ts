import type { MailStore } from '../store/mail-store.ts';
import { countUnread } from './mailpit.ts';

/** Mailpit's `GET /api/v1/info`, as far as it means something here. */
export function appInformation(store: MailStore, dataDir: string): object {
  const mails = store.list();
  return {
    Version: 'postrider-mailbox',
    LatestVersion: 'disabled',
    Database: dataDir,
    DatabaseSize: mails.reduce((total, mail) => total + mail.sizeBytes, 0),
    Messages: mails.length,
    Unread: countUnread(mails),
    Tags: {},
    RuntimeStats: { Uptime: Math.floor(process.uptime()), Memory: process.memoryUsage.rss() },
  };
}
