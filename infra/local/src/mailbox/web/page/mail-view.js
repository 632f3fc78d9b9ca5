import { element, longTime, sizeText } from './dom.js';

/** The views of a mail, in the order of their tabs. `shows` returns a node; it is asked when the tab is opened. */
const views = [
  { name: 'HTML', has: (mail) => mail.HTML !== '', shows: htmlFrame },
  {
    name: 'Text',
    has: (mail) => mail.Text !== '',
    shows: (mail) => element('pre', { className: 'text' }, ...withLinks(mail.Text)),
  },
  { name: 'Headers', has: () => true, shows: headerTable },
  { name: 'Source', has: () => true, shows: source },
];

/** Shows a mail (the API's Message) in the reader. */
export function renderMail(reader, mail, { onBack, onDelete }) {
  const panel = element('div', { id: 'panel', className: 'panel', tabIndex: 0, attributes: { role: 'tabpanel' } });
  reader.replaceChildren(
    element(
      'header',
      { className: 'reader-head' },
      element(
        'div',
        { className: 'reader-title' },
        element('button', { className: 'back quiet', type: 'button', onclick: onBack }, '← Mails'),
        element('h2', {}, mail.Subject || '(no subject)'),
        element('button', { className: 'quiet', type: 'button', onclick: onDelete }, 'Delete'),
      ),
      facts(mail),
      tabs(mail, panel),
    ),
    panel,
  );
}

function facts(mail) {
  const rows = [
    ['From', [mail.From]],
    ['To', mail.To],
    ['Cc', mail.Cc],
    ['Bcc', mail.Bcc],
    ['Reply to', mail.ReplyTo],
  ].filter(([, addresses]) => addresses.some(({ Name, Address }) => Name || Address));
  const list = element('dl', { className: 'facts' });
  for (const [name, addresses] of rows) list.append(...fact(name, ...joined(addresses.map(person))));
  list.append(
    ...fact('Date', element('time', { dateTime: mail.Date }, longTime(mail.Date)), ` · ${sizeText(mail.Size)}`),
  );
  const files = [...mail.Attachments, ...mail.Inline].map(
    ({ FileName, Size }) => `${FileName || 'unnamed'} (${sizeText(Size)})`,
  );
  if (files.length > 0) list.append(...fact('Files', files.join(', ')));
  return list;
}

function fact(name, ...content) {
  return [element('dt', {}, name), element('dd', {}, ...content)];
}

function person({ Name, Address }) {
  if (!Name) return Address;
  return element('span', {}, Name, ' ', element('span', { className: 'address' }, `<${Address}>`));
}

function joined(nodes) {
  return nodes.flatMap((node, index) => (index === 0 ? [node] : [', ', node]));
}

/** Tabs as the ARIA practices have them: one of them is in the tab order, arrows move between them. */
function tabs(mail, panel) {
  const buttons = views.map((view) =>
    element(
      'button',
      { type: 'button', disabled: !view.has(mail), attributes: { role: 'tab', 'aria-controls': 'panel' } },
      view.name,
    ),
  );
  const open = (index) => {
    buttons.forEach((button, other) => {
      button.setAttribute('aria-selected', String(other === index));
      button.tabIndex = other === index ? 0 : -1;
    });
    panel.setAttribute('aria-label', views[index].name);
    panel.scrollTop = 0;
    panel.replaceChildren(views[index].shows(mail));
  };
  buttons.forEach((button, index) => button.addEventListener('click', () => open(index)));
  open(views.findIndex((view) => view.has(mail)));

  const list = element(
    'div',
    { className: 'tabs', attributes: { role: 'tablist', 'aria-label': 'Views of the mail' } },
    ...buttons,
  );
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const usable = buttons.filter((button) => !button.disabled);
    const next = usable.at((usable.indexOf(document.activeElement) + step) % usable.length);
    next.focus();
    next.click();
  });
  return list;
}

/** The mail's own HTML, without an origin, scripts or loading: the sandbox here and the policy of the path say so both. */
function htmlFrame(mail) {
  return element('iframe', {
    src: `/view/${mail.ID}.html`,
    title: 'The mail as HTML',
    referrerPolicy: 'no-referrer',
    attributes: { sandbox: 'allow-popups allow-popups-to-escape-sandbox' },
  });
}

function headerTable(mail) {
  const table = element('dl', { className: 'headers' });
  void fetchOk(`/api/v1/message/${mail.ID}/headers`, (response) => response.json()).then((headers) => {
    for (const [name, values] of Object.entries(headers)) {
      for (const value of values) table.append(element('dt', {}, name), element('dd', {}, value));
    }
  });
  return table;
}

function source(mail) {
  const pre = element('pre', { className: 'source' });
  void fetchOk(`/api/v1/message/${mail.ID}/raw`, (response) => response.text()).then((raw) => pre.append(raw));
  return pre;
}

async function fetchOk(path, read) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
  return read(response);
}

/** The text with its web addresses as links. Only http and https: nothing else that looks like a link becomes one. */
function withLinks(text) {
  return text
    .split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'])/)
    .map((part, index) =>
      index % 2 === 0 ? part : element('a', { href: part, target: '_blank', rel: 'noreferrer' }, part),
    );
}
