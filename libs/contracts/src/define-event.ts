import type { z } from 'zod';

/** What a contract needs to be told; everything else (type, subject, filter, schema path) derives from it. */
export interface EventDefinition<Schema extends z.ZodObject> {
  /** Root and past-tense name, `user.registered`: the root is the first token of the subject. */
  readonly name: `${string}.${string}`;
  /** Major version: additive changes stay inside it, a breaking one is a new number published beside the old. */
  readonly version: number;
  /** The JetStream stream that keeps it. */
  readonly stream: string;
  /** The member of the data whose value ends the subject and orders the events: one aggregate, one order. */
  readonly aggregate: keyof z.infer<Schema> & string;
  /** When it happens and who may care, in a sentence. */
  readonly description: string;
  /** The data, without the envelope. Consumers ignore fields they don't know. */
  readonly schema: Schema;
  /** Members that hold personal data; erasure purges the events that carry them. */
  readonly pii: readonly (keyof z.infer<Schema> & string)[];
  /** The golden sample: what version `version` looked like on the day it was published. */
  readonly sample: z.infer<Schema>;
  /** Set when a later version takes over: both are published until that day, and this one may go after it. */
  readonly deprecated?: Deprecation;
}

/** The end of a version that was announced to its subscribers. */
export interface Deprecation {
  /** The last day on which it is published, `2027-06-30`. */
  readonly until: string;
  /** The type that takes over, `user.registered.v2`. */
  readonly successor: string;
}

/** An event as an aggregate's method returns it: what happened, not yet who said it or when it was stored. */
export interface DomainEvent {
  readonly stream: string;
  readonly type: string;
  readonly subject: string;
  readonly aggregateId: string;
  readonly payload: Record<string, unknown>;
  /** After this moment nobody may receive it any more (ISO 8601). */
  readonly expiresAt?: string;
}

/** The one definition of an event, shared by who publishes it and who subscribes to it. */
export interface EventContract<Schema extends z.ZodObject = z.ZodObject> extends EventDefinition<Schema> {
  /** CloudEvents type, `user.registered.v1`. */
  readonly type: string;
  /** Subject filter for all aggregates, `user.v1.registered.*`. */
  readonly filter: string;
  /** First token of the subject: `user`. */
  readonly root: string;
  /** Path of the JSON Schema of the data, as `ce-dataschema` names it. */
  readonly schemaPath: string;
  /**
   * Makes the event from its data.
   *
   * @throws {z.ZodError} when the data breaks the contract: better the writer fails than every reader.
   */
  create(data: z.input<Schema>, options?: { expiresAt?: Date }): DomainEvent;
}

const namePattern = /^[a-z]+\.[a-z]+(_[a-z]+)*$/;
const subjectToken = /^[A-Za-z0-9_-]+$/;

/** Defines an event contract: `user.registered`, 1 → type `user.registered.v1`, subject `user.v1.registered.<aggregate>`. */
export function defineEvent<Schema extends z.ZodObject>(definition: EventDefinition<Schema>): EventContract<Schema> {
  const { name, version, stream, aggregate, schema } = definition;
  if (!namePattern.test(name)) throw new Error(`An event is named root.past_tense in lower case, not "${name}".`);
  const root = name.slice(0, name.indexOf('.'));
  const event = name.slice(root.length + 1);
  const type = `${name}.v${version}`;
  const prefix = `${root}.v${version}.${event}`;
  return {
    ...definition,
    type,
    root,
    filter: `${prefix}.*`,
    schemaPath: `/schemas/${type}.json`,
    create(data, options) {
      const payload: Record<string, unknown> = schema.parse(data);
      const aggregateId = String(payload[aggregate]);
      if (!subjectToken.test(aggregateId))
        throw new Error(
          `${type}: ${aggregate} "${aggregateId}" can't end a subject; it may hold A-Z a-z 0-9 _ - only.`,
        );
      const expiry = options?.expiresAt && { expiresAt: options.expiresAt.toISOString() };
      return { stream, type, subject: `${prefix}.${aggregateId}`, aggregateId, payload, ...expiry };
    },
  };
}
