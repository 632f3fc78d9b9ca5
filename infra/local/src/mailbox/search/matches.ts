import type { Address } from '../mail/addresses.ts';
import type { ListedMail } from '../store/mail-store.ts';
import { comparable } from './parse-query.ts';
import type { Term } from './parse-query.ts';

/** Whether a mail fits every term. */
export function matches(mail: ListedMail, terms: readonly Term[]): boolean {
  return terms.every((term) => fits(mail, term) !== term.exclude);
}

function fits(mail: ListedMail, term: Term): boolean {
  if ('value' in term) return searched(mail, term.filter).includes(term.value);
  if (term.filter === 'attachment') return mail.attachments > 0;
  return mail.read === (term.filter === 'read');
}

type ValueFilter = Extract<Term, { value: string }>['filter'];

function searched(mail: ListedMail, filter: ValueFilter): string {
  switch (filter) {
    case 'to':
      return text(mail.To);
    case 'from':
      return text([mail.From]);
    case 'cc':
      return text(mail.Cc);
    case 'bcc':
      return text(mail.Bcc);
    case 'reply-to':
      return text(mail.ReplyTo);
    case 'addressed':
      return text([mail.From, ...mail.To, ...mail.Cc, ...mail.Bcc, ...mail.ReplyTo]);
    case 'subject':
      return comparable(mail.subject);
    case 'message-id':
      return comparable(mail.messageId);
    case 'text':
      return mail.searchText;
  }
}

/** A line per address: a phrase can't match across two of them. */
function text(addresses: readonly Address[]): string {
  return addresses.map(({ Name, Address }) => `${comparable(Name)} ${comparable(Address)}`).join('\n');
}
