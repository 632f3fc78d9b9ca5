import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/** A JSON Schema (draft 2020-12), or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * The JSON Schema of what a contract promises. Unknown members are allowed by it, as consumers must ignore them. Patterns that only spell
 * out a format are left out: they are the library's, and another release of it is no change of a contract.
 *
 * @throws where a JSON Schema could not tell all that the contract checks: such a rule could be tightened and nobody would see it
 */
export function jsonSchemaOf(schema: z.ZodType, what: string): JsonSchema {
  const stored = convert(schema, 'output', what);
  if (!isDeepStrictEqual(stored, convert(schema, 'input', what)))
    throw new Error(
      `${what} changes what it parses (a default, a transform): a contract describes data as it is stored.`,
    );
  return stored;
}

function convert(schema: z.ZodType, io: 'input' | 'output', what: string): JsonSchema {
  const { $schema: _draft, ...converted } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema, path }) => {
      refuseUnspeakable(zodSchema, [what, ...path].join('.'));
      if (zodSchema._zod.def.type === 'object') allowUnknownMembers(zodSchema, jsonSchema, what);
      dropWhatTheLibraryAdds(jsonSchema);
    },
  });
  return converted;
}

function refuseUnspeakable(schema: z.core.$ZodType, what: string): void {
  const checks = schema._zod.def.checks ?? [];
  const unspeakable = checks
    .map((check) => check._zod.def.check)
    .find((check) => ['custom', 'overwrite'].includes(check));
  if (unspeakable !== undefined)
    throw new Error(`${what} has a check that no JSON Schema can tell (refine, trim, lower case …): say it otherwise.`);
}

function allowUnknownMembers(schema: z.core.$ZodType, jsonSchema: z.core.JSONSchema.BaseSchema, what: string): void {
  const isStrict =
    z.core.$ZodObject[Symbol.hasInstance](schema) && isNever((schema as z.core.$ZodObject)._zod.def.catchall);
  if (isStrict) throw new Error(`${what} refuses unknown members: then nothing could ever be added to it.`);
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

function isNever(schema: z.core.$ZodType | undefined): boolean {
  return schema?._zod.def.type === 'never';
}

const formats = { uuid: z.uuid(), 'date-time': z.iso.datetime(), date: z.iso.date() };
const patternOf = new Map<unknown, unknown>(
  Object.entries(formats).map(([format, schema]) => [format, z.toJSONSchema(schema).pattern]),
);

function dropWhatTheLibraryAdds(jsonSchema: z.core.JSONSchema.BaseSchema): void {
  if (jsonSchema.format !== undefined && jsonSchema.pattern === patternOf.get(jsonSchema.format))
    delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}
