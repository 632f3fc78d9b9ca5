import { byId, element } from './dom.js';
import { linkOf, refreshTimes, renderList } from './mail-list.js';
import { renderMail } from './mail-view.js';

/**
 * The URL is the state: `/` or `/view/{ID}`, with `?query=`. Everything shown is fetched for it anew whenever it changes
 * or the server says that the mails did; of two fetches under way only the later one is shown.
 */
const PAGE_SIZE = 50;
const SEARCH_PAUSE_MS = 150;
const AGING_MS = 30_000;

const list = byId('mails');
const reader = byId('reader');
const search = byId('search');
const choose = reader.firstElementChild;

let mails = [];
let total = 0;
let limit = PAGE_SIZE;
let shownId;
let listFetch = new AbortController();
let mailFetch = new AbortController();

const chosenId = () => /^\/view\/([^/]+)$/.exec(location.pathname)?.[1];
const query = () => new URLSearchParams(location.search).get('query')?.trim() ?? '';

async function refreshList() {
  listFetch.abort();
  listFetch = new AbortController();
  const parameters = new URLSearchParams({ limit: String(limit), ...(query() && { query: query() }) });
  const path = query() ? '/api/v1/search' : '/api/v1/messages';
  const response = await fetch(`${path}?${parameters}`, { signal: listFetch.signal });
  if (response.ok) showList(await response.json());
  else showRefusal(await response.text());
}

function showList(page) {
  mails = page.messages;
  total = page.total;
  renderList(list, mails, chosenId());
  byId('count').textContent = countText(page);
  byId('more').hidden = page.messages_count <= mails.length;
  byId('empty').hidden = total > 0 || query() !== '';
  byId('nothing-found').hidden = query() === '' || mails.length > 0;
  byId('nothing-found-why').textContent = `No mail matches ${query()}`;
  byId('delete-all').disabled = total === 0;
  document.title = `${page.unread > 0 ? `(${page.unread}) ` : ''}Mailbox · Postrider`;
}

function countText({ messages_count: found, total: all }) {
  if (all === 0) return '';
  const mails = `${all} ${all === 1 ? 'mail' : 'mails'}`;
  return query() ? `${found} of ${mails}` : mails;
}

function showRefusal(message) {
  showList({ messages: [], messages_count: 0, total, unread: 0 });
  byId('nothing-found-why').textContent = message;
}

async function refreshMail() {
  const id = chosenId();
  document.body.dataset.showing = id ? 'mail' : 'list';
  if (id === shownId) return;
  shownId = id;
  mailFetch.abort();
  mailFetch = new AbortController();
  if (!id) return reader.replaceChildren(choose);
  const response = await fetch(`/api/v1/message/${id}`, { signal: mailFetch.signal });
  const onBack = () => go('/');
  if (!response.ok) return reader.replaceChildren(goneNotice(onBack));
  renderMail(reader, await response.json(), { onBack, onDelete: () => deleteOne(id) });
}

function goneNotice(onBack) {
  return element(
    'div',
    { className: 'empty' },
    element('h2', {}, 'This mail is not here any more'),
    element('p', {}, 'It was deleted, or it was never here.'),
    element('button', { type: 'button', onclick: onBack }, 'All mails'),
  );
}

async function refresh() {
  await settled(refreshMail(), refreshList());
}

/** An aborted fetch was overtaken by a later one; a failed one is repeated when the event stream is back. */
async function settled(...fetches) {
  const results = await Promise.allSettled(fetches);
  for (const { reason } of results) {
    if (reason && reason.name !== 'AbortError' && !(reason instanceof TypeError)) throw reason;
  }
}

function go(path) {
  history.pushState(null, '', path + location.search);
  void refresh();
}

function step(by) {
  const index = mails.findIndex((mail) => mail.ID === chosenId());
  const next = mails[index === -1 ? 0 : index + by];
  if (!next) return;
  go(`/view/${next.ID}`);
  const link = linkOf(list, next.ID);
  link.focus({ preventScroll: true });
  link.scrollIntoView({ block: 'nearest' });
}

async function remove(ids) {
  const response = await fetch('/api/v1/messages', { method: 'DELETE', body: JSON.stringify({ IDs: ids }) });
  if (!response.ok) throw new Error(await response.text());
}

async function deleteOne(id) {
  const index = mails.findIndex((mail) => mail.ID === id);
  await remove([id]);
  const next = mails[index + 1] ?? mails[index - 1];
  const wide = matchMedia('(width >= 800px)').matches;
  go(wide && next && index >= 0 ? `/view/${next.ID}` : '/');
}

function setUpDeleteAll() {
  const dialog = byId('confirm');
  byId('delete-all').addEventListener('click', () => {
    byId('confirm-text').textContent = total === 1 ? 'The one mail goes for good.' : `All ${total} mails go for good.`;
    dialog.showModal();
  });
  byId('confirm-no').addEventListener('click', () => dialog.close());
  byId('confirm-yes').addEventListener('click', () => {
    dialog.close();
    void deleteAll();
  });
}

async function deleteAll() {
  await remove([]);
  search.value = '';
  history.pushState(null, '', '/');
  await refresh();
}

function setUpSearch() {
  let pause;
  search.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      const words = search.value.trim();
      history.replaceState(null, '', location.pathname + (words ? `?${new URLSearchParams({ query: words })}` : ''));
      limit = PAGE_SIZE;
      void refresh();
    }, SEARCH_PAUSE_MS);
  });
}

function setUpKeys() {
  const actions = { j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1) };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId('confirm').open) return;
    if (event.key === 'Escape') return leave();
    if (event.target === search) return;
    if (event.key.startsWith('Arrow') && event.target.closest('.panel, .tabs')) return; // They scroll, or move between tabs.
    const action = event.key === '/' ? () => search.focus() : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** Escape: out of the search first, then out of the mail. */
function leave() {
  if (document.activeElement === search) return search.blur();
  const id = chosenId();
  if (!id) return;
  go('/');
  linkOf(list, id)?.focus();
}

function setUpNavigation() {
  window.addEventListener('popstate', () => {
    search.value = query();
    void refresh();
  });
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a.mail, a.brand');
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(new URL(link.href).pathname);
  });
  byId('more').addEventListener('click', () => {
    limit += 2 * PAGE_SIZE;
    void settled(refreshList());
  });
}

/** The browser reconnects by itself; what happened meanwhile is fetched when it has. */
function setUpLiveUpdates() {
  const events = new EventSource('/events');
  events.addEventListener('open', () => {
    byId('connection').hidden = true;
    void refresh();
  });
  events.addEventListener('error', () => {
    byId('connection').hidden = false;
  });
  events.addEventListener('changed', () => void settled(refreshList()));
}

search.value = query();
setUpSearch();
setUpKeys();
setUpNavigation();
setUpDeleteAll();
setUpLiveUpdates();
setInterval(() => refreshTimes(list), AGING_MS);
