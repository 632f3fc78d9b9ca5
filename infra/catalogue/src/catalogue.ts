import { type Deprecation, envelopeHeaders, type EventContract } from '@postrider/contracts';
import { z } from 'zod';
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts';

/** What a subscriber may rely on of one version of an event. The gate compares these. */
export interface PublishedEvent {
  /** `ce-type`. */
  readonly type: string;
  readonly version: number;
  readonly stream: string;
  /** `user.v1.registered.{userId}`. */
  readonly subject: string;
  /** The member whose value ends the subject and orders the events. */
  readonly aggregate: string;
  readonly description: string;
  /** Members that hold personal data. */
  readonly pii: readonly string[];
  readonly deprecated?: Deprecation;
  /** `ce-dataschema`. */
  readonly schemaPath: string;
  readonly schema: JsonSchema;
  /** The golden sample, as it was on the day the version was published. */
  readonly sample: Readonly<Record<string, unknown>>;
}

/** Everything that is published about the events. Nothing in it depends on the day or the machine. */
export interface Catalogue {
  /** The headers of every message. */
  readonly envelope: JsonSchema;
  readonly events: readonly PublishedEvent[];
}

/** @throws when a contract can't be told in JSON Schema, or two have one type */
export function catalogueOf(contracts: readonly EventContract[]): Catalogue {
  const events = contracts.map(publishedEvent);
  const types = events.map(({ type }) => type);
  const twice = types.find((type, i) => types.indexOf(type) !== i);
  if (twice !== undefined) throw new Error(`Two contracts are named ${twice}.`);
  return { envelope: envelope(), events };
}

function publishedEvent(contract: EventContract): PublishedEvent {
  const { type, version, stream, filter, aggregate, description, pii, deprecated, schemaPath, sample } = contract;
  return {
    type,
    version,
    stream,
    subject: filter.replace(/\*$/, `{${aggregate}}`),
    aggregate,
    description,
    pii,
    ...(deprecated !== undefined && { deprecated }),
    schemaPath,
    schema: jsonSchemaOf(contract.schema, type),
    sample,
  };
}

function envelope(): JsonSchema {
  const fixed = {
    'ce-specversion': z.literal('1.0').describe('The version of CloudEvents.'),
    'ce-datacontenttype': z.literal('application/json').describe('What the body is.'),
    'ce-dataschema': z.string().describe('Path of the JSON Schema of the data.'),
  };
  const told = Object.fromEntries(envelopeHeaders.map(({ name, schema }) => [name, schema]));
  return jsonSchemaOf(z.object({ ...told, ...fixed }), 'The envelope');
}
