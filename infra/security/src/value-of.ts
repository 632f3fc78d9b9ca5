import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { OpenAPIV3_1 } from 'openapi-types';

export type Schema = OpenAPIV3_1.SchemaObject & { readonly const?: unknown; readonly examples?: readonly unknown[] };

/** Values of a schema, and its examples: a pattern can't tell all that a value must be, and an example is one that is good. */
export function valueOf(schema: Schema): Arbitrary<unknown> {
  const examples = schema.examples ?? [];
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const made = madeOf(schema);
  return examples.length === 0 ? made : fc.oneof(fc.constantFrom(...examples), made);
}

function madeOf(schema: Schema): Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valueOf(choice as Schema)));
  if (schema.type === 'object') return objectOf(schema);
  if (schema.type === 'array') return fc.array(valueOf((schema.items ?? {}) as Schema), { maxLength: 5 });
  if (schema.type === 'string') return textOf(schema);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer' || schema.type === 'number') return fc.integer();
  if (schema.type === 'null') return fc.constant(null);
  return fc.jsonValue({ maxDepth: 2 });
}

function objectOf({ properties = {}, required = [] }: Schema): Arbitrary<unknown> {
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, valueOf(value as Schema)]),
  );
  return fc.record(members, { requiredKeys: required.filter((name) => name in members) });
}

function textOf({ pattern, format, minLength = 0, maxLength = 200 }: Schema): Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (pattern !== undefined) {
    try {
      return fc.stringMatching(new RegExp(pattern, 'u'));
    } catch {
      // A pattern that fast-check can't make texts of: any text stands in, and is refused.
    }
  }
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 200), unit: 'grapheme' });
}
