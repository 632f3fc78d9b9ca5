import { element, shortTime } from './dom.js';

const NEW_MS = 5_000;

/**
 * Shows these summaries in the list. Rows of mails that are already there are kept, and the focus with them, so that
 * mail arriving does not disturb whoever reads the list.
 */
export function renderList(list, mails, chosenId) {
  const focusedId = document.activeElement?.closest('.mail')?.dataset.id;
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  list.replaceChildren(...mails.map((mail) => rows.get(mail.ID) ?? createRow(mail)));
  for (const mail of mails) markRow(linkOf(list, mail.ID), mail.Read, mail.ID === chosenId);
  if (focusedId) linkOf(list, focusedId)?.focus({ preventScroll: true });
}

export function linkOf(list, id) {
  return list.querySelector(`.mail[data-id="${CSS.escape(id)}"]`);
}

/** Times are relative, so they age. */
export function refreshTimes(list) {
  for (const time of list.querySelectorAll('time')) time.textContent = shortTime(time.dateTime);
}

function createRow(mail) {
  const isNew = Date.now() - Date.parse(mail.Created) < NEW_MS;
  const link = element(
    'a',
    { className: isNew ? 'mail new' : 'mail', href: `/view/${mail.ID}` },
    element(
      'span',
      { className: 'people' },
      mail.From.Name || mail.From.Address || 'no sender',
      ' → ',
      element('span', { className: 'to' }, recipients(mail)),
    ),
    element(
      'time',
      { dateTime: mail.Created, title: new Date(mail.Created).toLocaleString() },
      shortTime(mail.Created),
    ),
    element('span', { className: 'subject' }, mail.Subject || '(no subject)'),
    element('span', { className: 'snippet' }, mail.Snippet || '\u00A0'),
  );
  link.dataset.id = mail.ID;
  const row = element('li', {}, link);
  row.dataset.id = mail.ID;
  return row;
}

function markRow(link, read, chosen) {
  link.classList.toggle('unread', !read);
  if (chosen) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
}

function recipients({ To, Cc, Bcc }) {
  const all = [...To, ...Cc, ...Bcc].map(({ Name, Address }) => Address || Name);
  if (all.length === 0) return 'no recipient';
  return all.length === 1 ? all[0] : `${all[0]} and ${all.length - 1} more`;
}
