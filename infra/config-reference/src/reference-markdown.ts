import { z } from 'zod';

export interface ReferenceText {
  readonly title: string;
  /** Markdown between the title and the first table. */
  readonly introduction: string;
}

/**
 * A configuration reference in Markdown: a table a group, a row a variable, in the order of the schema. What a table tells comes from the
 * schema itself (default, range, choices) and from each member's `meta`:
 * - `description` and `example`, which every member has;
 * - `group`: the heading of this member and of those after it;
 * - `secret`: true where the value must not be shown to anybody;
 * - `unit` of a number, `values` in words where a schema can't tell what is allowed.
 *
 * @throws when a member lacks its description or example, naming it
 */
export function referenceMarkdown(schema: z.ZodObject, { title, introduction }: ReferenceText): string {
  const groups: { heading: string; rows: string[] }[] = [];
  for (const [name, member] of Object.entries(schema.shape)) {
    const variable = describe(name, member);
    if (variable.group !== undefined || groups.length === 0)
      groups.push({ heading: variable.group ?? 'General', rows: [] });
    groups.at(-1)?.rows.push(row(name, variable, member));
  }
  const tables = groups.map(({ heading, rows }) => [`## ${heading}`, '', ...tableHead, ...rows].join('\n'));
  return `${[`# ${title}`, introduction, ...tables].join('\n\n')}\n`;
}

const tableHead = ['| variable | what it means | default | allowed | example |', '|---|---|---|---|---|'];

const variableSchema = z.looseObject({
  description: z.string(),
  example: z.string(),
  group: z.string().optional(),
  secret: z.boolean().optional(),
  unit: z.string().optional(),
  values: z.string().optional(),
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});
type Variable = z.infer<typeof variableSchema>;

/** What can be said of the text that a variable holds: its schema and meta in one. */
function describe(name: string, member: z.core.$ZodType): Variable {
  const described = variableSchema.safeParse(z.toJSONSchema(member, { io: 'input', unrepresentable: 'any' }));
  if (described.success) return described.data;
  const wrong = described.error.issues.map(({ path }) => path.join('.')).join(' and ');
  throw new Error(
    `The configuration's member ${name} has no ${wrong}: give its schema .meta({ description: '…', example: '…' }), both texts.`,
  );
}

function row(name: string, variable: Variable, member: z.core.$ZodType): string {
  const cells = [
    code(name) + (variable.secret === true ? ' (secret)' : ''),
    variable.description,
    defaultOf(member),
    allowed(variable),
    code(variable.example),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** What a service has when the variable is absent: asked of the schema itself. */
function defaultOf(member: z.core.$ZodType): string {
  const absent = z.safeParse(member, undefined);
  if (!absent.success) return '**required**';
  if (absent.data === undefined) return 'none';
  return code(typeof absent.data === 'string' ? absent.data : JSON.stringify(absent.data));
}

function allowed({ values, unit, type, enum: choices, minimum, maximum }: Variable): string {
  if (values !== undefined) return values;
  if (choices !== undefined) return choices.map(code).join(', ');
  if (type !== 'number' && type !== 'integer') return 'a text';
  const number = `${type === 'integer' ? 'a whole number' : 'a number'}${unit === undefined ? '' : ` of ${unit}`}`;
  if (minimum === undefined && maximum === undefined) return number;
  if (maximum === undefined) return `${number}, ${minimum} or more`;
  return `${number}, ${minimum === undefined ? 'up' : minimum} to ${maximum}`;
}

/** A code span that keeps back quotes. */
function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
