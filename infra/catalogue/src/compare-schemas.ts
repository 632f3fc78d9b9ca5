import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from './json-schema.ts';

/** One difference, in words that a CHANGELOG can take. */
export interface SchemaChange {
  /** Where in the data, `address.city`; empty for the whole. */
  readonly path: string;
  readonly isBreaking: boolean;
  readonly what: string;
}

/**
 * How two schemas of one version differ.
 *
 * The theory. Two pairs must go on understanding each other: builds of subscribers that are out there read what is published from now on, and
 * builds to come read what was published before (a stream keeps 30 days, and is replayed from its start). So what a field accepts
 * may neither shrink nor grow: shrunk, old events break new builds; grown, new events break old builds, whose parsers refuse what
 * they were told could not come. What remains is a new field that may be absent, and everything that only explains. All
 * else is a new version, published beside the old one.
 */
export function compareSchemas(before: JsonSchema, after: JsonSchema, path = ''): SchemaChange[] {
  const name = path === '' ? 'the data' : `\`${path}\``;
  const breaking = (what: string): SchemaChange => ({ path, isBreaking: true, what });
  if (!isDeepStrictEqual(before['type'], after['type']))
    return [breaking(`type of ${name} changed from ${text(before['type'])} to ${text(after['type'])}`)];
  return [
    ...compareMembers(before, after, path),
    ...nested.flatMap((keyword) => compareNested(before, after, { path, keyword })),
    ...compareAlternatives(before, after, path),
    ...otherKeywords(before, after).map((keyword) => ({
      path,
      isBreaking: keyword !== 'enum' || !isReordered(before['enum'], after['enum']),
      what: describeKeyword(keyword, name, before[keyword], after[keyword]),
    })),
    ...explained(before, after, path),
  ];
}

/** These say nothing about which data is right. */
const explaining = ['title', 'description', 'examples', 'deprecated', '$comment'];
/** Keywords whose value is a schema, and what stands for it in a path. */
const nested = ['items', 'additionalProperties', 'propertyNames', 'contains', 'not'] as const;
const alternatives = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const;
const handled = new Set<string>(['type', 'properties', 'required', ...explaining, ...nested, ...alternatives]);

function compareMembers(before: JsonSchema, after: JsonSchema, path: string): SchemaChange[] {
  const [old, now] = [membersOf(before), membersOf(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].flatMap((name) =>
    compareMember(old.get(name), now.get(name), path === '' ? name : `${path}.${name}`),
  );
}

interface Member {
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

function compareMember(before: Member | undefined, after: Member | undefined, path: string): SchemaChange[] {
  const change = (isBreaking: boolean, what: string): SchemaChange => ({ path, isBreaking, what });
  if (before === undefined && after === undefined) return [];
  if (before === undefined)
    return after?.isRequired === true
      ? [change(true, `required field \`${path}\` added, which events of before don’t have`)]
      : [change(false, `optional field \`${path}\` added`)];
  if (after === undefined) return [change(true, `field \`${path}\` removed`)];
  const changes = compareSchemas(before.schema, after.schema, path);
  if (before.isRequired && !after.isRequired) changes.unshift(change(true, `required field \`${path}\` may be absent`));
  if (!before.isRequired && after.isRequired)
    changes.unshift(change(true, `optional field \`${path}\` became required`));
  return changes;
}

function membersOf(schema: JsonSchema): Map<string, Member> {
  // Shapes of JSON Schema, made by ourselves.
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = (schema['required'] ?? []) as readonly string[];
  return new Map(
    Object.entries(properties).map(([name, schema]) => [name, { schema, isRequired: required.includes(name) }]),
  );
}

function compareNested(
  before: JsonSchema,
  after: JsonSchema,
  { path, keyword }: { path: string; keyword: (typeof nested)[number] },
): SchemaChange[] {
  const [old, now] = [before[keyword], after[keyword]];
  const inside = keyword === 'items' ? `${path}[]` : `${path}.*`;
  if (isSchema(old) && isSchema(now)) return compareSchemas(old, now, inside);
  if (isDeepStrictEqual(old, now)) return [];
  return [
    { path, isBreaking: true, what: describeKeyword(keyword, path === '' ? 'the data' : `\`${path}\``, old, now) },
  ];
}

/** Alternatives are compared one by one where there are as many; one more or less is a change of what is accepted. */
function compareAlternatives(before: JsonSchema, after: JsonSchema, path: string): SchemaChange[] {
  return alternatives.flatMap((keyword) => {
    const [old, now] = [before[keyword] ?? [], after[keyword] ?? []] as JsonSchema[][];
    if (old === undefined || now === undefined || isDeepStrictEqual(old, now)) return [];
    if (old.length === now.length) return old.flatMap((schema, i) => compareSchemas(schema, now[i] ?? {}, path));
    const what = `\`${path}\` accepts ${now.length} alternatives instead of ${old.length}`;
    return [{ path, isBreaking: true, what }];
  });
}

function otherKeywords(before: JsonSchema, after: JsonSchema): string[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keywords].filter(
    (keyword) => !handled.has(keyword) && !isDeepStrictEqual(before[keyword], after[keyword]),
  );
}

function explained(before: JsonSchema, after: JsonSchema, path: string): SchemaChange[] {
  const changed = explaining.filter((keyword) => !isDeepStrictEqual(before[keyword], after[keyword]));
  if (changed.length === 0) return [];
  return [
    {
      path,
      isBreaking: false,
      what: `${changed.join(' and ')} of ${path === '' ? 'the data' : `\`${path}\``} reworded`,
    },
  ];
}

function describeKeyword(keyword: string, name: string, before: unknown, after: unknown): string {
  if (keyword === 'enum' && Array.isArray(before) && Array.isArray(after)) return describeValues(name, before, after);
  if (before === undefined) return `${name} is now held to ${keyword} ${text(after)}`;
  if (after === undefined) return `${name} is no longer held to ${keyword} ${text(before)}`;
  return `${keyword} of ${name} changed from ${text(before)} to ${text(after)}`;
}

function describeValues(name: string, before: readonly unknown[], after: readonly unknown[]): string {
  const gone = before.filter((value) => !after.includes(value));
  const added = after.filter((value) => !before.includes(value));
  const told = [
    ...(gone.length > 0 ? [`lost the value ${gone.map(text).join(', ')}`] : []),
    ...(added.length > 0 ? [`got the value ${added.map(text).join(', ')}, which builds out there refuse`] : []),
  ];
  return `${name} ${told.length > 0 ? told.join(' and ') : 'lists its values in another order'}`;
}

function isReordered(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return false;
  return before.length === after.length && before.every((value) => after.includes(value));
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return value === undefined ? 'anything' : JSON.stringify(value);
}
