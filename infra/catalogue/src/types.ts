import type { Catalogue, PublishedEvent } from './catalogue.ts';
import type { JsonSchema } from './json-schema.ts';

/** The data of every event as TypeScript types, for who wants neither our packages nor zod. */
export function typesOf({ events }: Catalogue): string {
  const interfaces = events.map(
    (event) => `${doc(event)}export interface ${nameOf(event.type)} ${typeOf(event.schema, '')}\n`,
  );
  const byType = events.map(({ type }) => `  '${type}': ${nameOf(type)};\n`);
  return [
    '// Made from the contracts by `npm run contracts`.\n',
    ...interfaces,
    `/** By ce-type. */\nexport interface EventData {\n${byType.join('')}}\n`,
  ].join('\n');
}

/** `user.email_verified.v1` → `UserEmailVerifiedV1`. */
function nameOf(type: string): string {
  return type
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function doc({ description, deprecated, subject }: PublishedEvent): string {
  const end =
    deprecated === undefined ? [] : [` * @deprecated published until ${deprecated.until}: ${deprecated.successor}`];
  return ['/**', ` * ${description}`, ` * Subject \`${subject}\`.`, ...end, ' */', ''].join('\n');
}

/** @throws for what it was not taught: better no types than wrong ones */
function typeOf(schema: JsonSchema, indent: string): string {
  const { type, enum: values, const: value, anyOf, items } = schema;
  if (value !== undefined) return JSON.stringify(value).replaceAll('"', "'");
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one).replaceAll('"', "'")).join(' | ');
  if (Array.isArray(anyOf)) return unionOf(anyOf.map((one: JsonSchema) => typeOf(one, indent)));
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, indent)).join(' | ');
  if (type === 'array') return listOf(typeOf((items ?? {}) as JsonSchema, indent)); // A schema of ours has schemas inside.
  if (type === 'object') return objectType(schema, indent);
  const simple = new Map<unknown, string>([
    ['string', 'string'],
    ['number', 'number'],
    ['integer', 'number'],
    ['boolean', 'boolean'],
    ['null', 'null'],
  ]);
  const name = simple.get(type);
  if (name === undefined)
    throw new Error(`There is no TypeScript type for ${JSON.stringify(schema)} yet: teach types.ts.`);
  return name;
}

/** A text that may be any swallows those that are named. */
function unionOf(types: readonly string[]): string {
  const isAnyText = types.includes('string');
  return types.filter((type) => !isAnyText || !type.startsWith("'")).join(' | ');
}

function listOf(item: string): string {
  return `readonly ${item.includes(' | ') ? `(${item})` : item}[]`;
}

function objectType({ properties, required, additionalProperties }: JsonSchema, indent: string): string {
  const names = (required ?? []) as readonly string[];
  if (properties === undefined)
    return `Readonly<Record<string, ${typeOf((additionalProperties ?? {}) as JsonSchema, indent)}>>`;
  const inner = `${indent}  `;
  const members = Object.entries(properties as Record<string, JsonSchema>).map(([name, schema]) => {
    const says = typeof schema['description'] === 'string' ? `${inner}/** ${schema['description']} */\n` : '';
    return `${says}${inner}readonly ${name}${names.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};\n`;
  });
  return `{\n${members.join('')}${indent}}`;
}
