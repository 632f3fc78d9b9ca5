/**
 * An element with properties and children. Strings become text nodes, never markup: that is the whole of the page's
 * escaping, and `require-trusted-types-for 'script'` in its policy keeps any other way shut.
 */
export function element(tag, properties = {}, ...children) {
  const { attributes = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}

/** "just now", "5 min", "14:03", "Mon 14:03", "23 Nov", "23 Nov 2025": as short as the age allows. */
export function shortTime(iso, now = new Date()) {
  const date = new Date(iso);
  const minutes = Math.floor((now - date) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min`;
  const format = (options) => date.toLocaleString(undefined, options);
  const clock = { hour: '2-digit', minute: '2-digit' };
  if (date.toDateString() === now.toDateString()) return format(clock);
  if (minutes < 6 * 24 * 60) return format({ weekday: 'short', ...clock });
  const day = { day: 'numeric', month: 'short' };
  return format(date.getFullYear() === now.getFullYear() ? day : { ...day, year: 'numeric' });
}

export function longTime(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
