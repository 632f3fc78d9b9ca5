import { expect, test } from 'vitest';
import { escapeHtml, opensLinksInNewTab } from './mail-html.ts';

test.each([
  ['<p>hi</p>', '<base target="_blank"><p>hi</p>'],
  ['<!DOCTYPE html><html><head>', '<!DOCTYPE html><base target="_blank"><html><head>'],
  ['\n<!-- x > y -->\n<!doctype html>\n<p>', '\n<!-- x > y -->\n<!doctype html><base target="_blank">\n<p>'],
  ['<!-- never closed <!doctype html>', '<base target="_blank"><!-- never closed <!doctype html>'],
])('%j opens its links in a new tab', (html, expected) => {
  expect(opensLinksInNewTab(html)).toBe(expected);
});

test('every character that HTML gives a meaning is escaped', () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&#60;a href=&#34;x&#34; title=&#39;y&#39;&#62;&#38;');
});
