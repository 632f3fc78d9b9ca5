import { expect, test } from 'vitest';
import { terminalHtml } from './terminal-html.ts';

test('what is bold, dim or green in a terminal is so on the page, and nothing becomes markup', () => {
  const html = terminalHtml('\u001B[1mPostrider\u001B[22m \u001B[2m+7 ms\u001B[22m \u001B[32m●\u001B[39m <b> & co\n');
  expect(html).toContain('<b>Postrider</b></i> <i>+7 ms</b></i> <span class="green">●</span> &lt;b> &amp; co\n</pre>');
});
