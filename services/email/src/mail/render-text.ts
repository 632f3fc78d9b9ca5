import type { Block, LetterIn } from './letter.ts';

const columns = 72;

/**
 * The plain-text part: the same words in the same order, lines of at most 72 columns, URLs and codes unbroken on lines of their
 * own. Pure.
 */
export function renderText(letter: LetterIn): string {
  const body = letter.blocks.map((block) => blockText(block));
  return `${[wrap(letter.title), ...body, `-- \n${wrap(letter.reason)}`].join('\n\n')}\n`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return wrap(block.text);
    case 'action':
      return paragraphs(`${block.label}:`, block.url, block.note);
    case 'code':
      return paragraphs(`${block.label}:`, block.value, block.note);
    case 'aside':
      return wrap(`${block.title} ${block.text}`);
  }
}

function paragraphs(label: string, unbroken: string, note: string | undefined): string {
  return [wrap(label), unbroken, ...(note === undefined ? [] : [wrap(note)])].join('\n\n');
}

function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
