/**
 * A mail's HTML whose links open in a new tab unless they say otherwise: `<base target>` right behind the doctype, if
 * there is one (in front of it the page would be laid out in quirks mode).
 */
export function opensLinksInNewTab(html: string): string {
  const doctype = /^(?:\s|<!--.*?-->)*<!doctype[^>]*>/is.exec(html)?.[0] ?? '';
  return `${doctype}<base target="_blank">${html.slice(doctype.length)}`;
}

/** Text for use in HTML content and in quoted attributes. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
