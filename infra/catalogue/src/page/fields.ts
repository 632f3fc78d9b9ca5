import type { JsonSchema } from '../json-schema.ts';

/** A member of the data, for people. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly isPersonal: boolean;
  readonly description: string;
}

/** The members of an object, in the order of its schema. */
export function fieldsOf(schema: JsonSchema, personal: readonly string[] = []): Field[] {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>; // Of a schema that we made.
  const required = (schema['required'] ?? []) as readonly string[];
  return Object.entries(properties).map(([name, member]) => ({
    name,
    type: typeInWords(member),
    isRequired: required.includes(name),
    isPersonal: personal.includes(name),
    description: typeof member['description'] === 'string' ? member['description'] : '',
  }));
}

function typeInWords(schema: JsonSchema): string {
  const { type, format, enum: values, const: value, anyOf, items, minimum, maximum } = schema;
  if (value !== undefined) return JSON.stringify(value);
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(' | ');
  if (Array.isArray(anyOf)) return anyOf.map((one: JsonSchema) => typeInWords(one)).join(' | ');
  if (type === 'array') return `list of ${typeInWords((items ?? {}) as JsonSchema)}`; // A schema of ours has schemas inside.
  if (typeof format === 'string') return format;
  const limits = [
    ...(minimum === undefined ? [] : [`≥ ${JSON.stringify(minimum)}`]),
    ...(maximum === undefined ? [] : [`≤ ${JSON.stringify(maximum)}`]),
  ];
  const names = Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : 'anything';
  return [names, ...limits].join(' ');
}
