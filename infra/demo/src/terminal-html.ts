/** What a terminal would show for this output, as a page: bold, dim, red and green, on dark paper. */
export function terminalHtml(output: string): string {
  // The escape character, which no regular expression may name.
  const [first = '', ...rest] = output.split('\u001B[');
  const styled = rest.map((piece) => {
    const [, code = '', text = ''] = /^(\d+)m([\s\S]*)$/.exec(piece) ?? [];
    return `${tags[code] ?? ''}${escaped(text)}`;
  });
  return `<!doctype html><meta charset="utf-8"><style>${css}</style><pre>${escaped(first)}${styled.join('')}</pre>`;
}

/** 22 ends bold and dim, 39 ends a colour. */
const tags: Readonly<Record<string, string>> = {
  1: '<b>',
  2: '<i>',
  22: '</b></i>',
  31: '<span class="red">',
  32: '<span class="green">',
  39: '</span>',
};

/** At this size a letter is seven whole pixels wide, so that equal letters are equal pictures, which compress well. */
const css = `
  body { margin: 0; background: #14161b; color: #f1eee8; width: max-content; }
  body::before { content: ''; display: block; height: 6px; background: repeating-linear-gradient(115deg,
    #c9593a 0 18px, #2a2f39 18px 27px, #5d8fc4 27px 45px, #2a2f39 45px 54px); }
  pre { margin: 0; padding: 20px 32px 28px 24px;
    font: 11.63px/1.45 'DejaVu Sans Mono', ui-monospace, Menlo, 'Liberation Mono', monospace; }
  i { font-style: normal; color: #9ca2ae; }
  .green { color: #7fd1a5; }
  .red { color: #ff9d7d; }
`;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
