import { expect, test } from 'vitest';
import { z } from 'zod';
import { referenceMarkdown } from './reference-markdown.ts';

const meta = { description: 'What it is.', example: 'x' };

test('a row tells name, meaning, default, what is allowed, and an example', () => {
  const port = z.coerce.number().int().min(1).max(9).default(3).meta({ description: 'A port.', example: '4' });
  expect(rows({ PORT: port })).toEqual(['| `PORT` | A port. | `3` | a whole number, 1 to 9 | `4` |']);
});

test('what has no default is required, unless it may be absent', () => {
  expect(rows({ A: z.string().meta(meta), B: z.string().optional().meta(meta) })).toEqual([
    '| `A` | What it is. | **required** | a text | `x` |',
    '| `B` | What it is. | none | a text | `x` |',
  ]);
});

test('a default is what the text comes to mean, also where the schema makes something else of it', () => {
  const flag = z.stringbool().meta({ values: 'yes or no' }).default(true).meta(meta);
  expect(rows({ FLAG: flag })).toEqual(['| `FLAG` | What it is. | `true` | yes or no | `x` |']);
});

test('choices, units and half-open ranges are spelt out', () => {
  const seconds = z.coerce.number().min(0).meta({ unit: 'seconds' }).default(8).meta(meta);
  expect(rows({ LEVEL: z.enum(['low', 'high']).meta(meta), GRACE_SECONDS: seconds })).toEqual([
    '| `LEVEL` | What it is. | **required** | `low`, `high` | `x` |',
    '| `GRACE_SECONDS` | What it is. | `8` | a number of seconds, 0 or more | `x` |',
  ]);
});

test('a secret is marked, and one that is decoded keeps what was said of its text', () => {
  const key = z
    .string()
    .transform((text) => Buffer.from(text))
    .refine((bytes) => bytes.length > 0)
    .meta({ values: 'bytes', secret: true });
  expect(rows({ KEY: key.meta(meta) })).toEqual(['| `KEY` (secret) | What it is. | **required** | bytes | `x` |']);
});

test('a bar does not end a cell', () => {
  expect(rows({ A: z.string().meta({ ...meta, example: 'a | b' }) })).toEqual([
    '| `A` | What it is. | **required** | a text | `a \\| b` |',
  ]);
});

test('a group holds for the members after it', () => {
  const schema = z.object({
    A: z.string().meta({ ...meta, group: 'First' }),
    B: z.string().meta(meta),
    C: z.string().meta({ ...meta, group: 'Second' }),
  });
  const text = referenceMarkdown(schema, { title: 'T', introduction: 'I' });
  expect(text.match(/## \w+|`[ABC]`/g)).toEqual(['## First', '`A`', '`B`', '## Second', '`C`']);
});

test('a member without description or example is refused by its name', () => {
  expect(() => rows({ METRICS: z.string() })).toThrow(
    "The configuration's member METRICS has no description and example",
  );
});

function rows(shape: z.ZodRawShape): string[] {
  const text = referenceMarkdown(z.object(shape), { title: 'T', introduction: 'I' });
  return text.split('\n').filter((line) => line.startsWith('| `'));
}
