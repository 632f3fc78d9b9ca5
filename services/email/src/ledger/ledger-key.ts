import { createHash, createHmac } from 'node:crypto';

/** Names a recipient where the address must not be: keyed, so that a list of known addresses finds nobody. */
export function hashRecipient(address: string, recipientKey: Uint8Array): string {
  return createHmac('sha256', recipientKey).update(address).digest('hex');
}

/** What makes a mail the same mail: the event, the template and who gets it. Version and wording don't count. */
export function ledgerKey(eventId: string, mailId: string, recipientHash: string): string {
  return createHash('sha256').update([eventId, mailId, recipientHash].join('\0')).digest('hex');
}
