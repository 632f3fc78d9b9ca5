import { isDeepStrictEqual } from 'node:util';
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import { tierKey } from './durability.ts';

/** A stream as a file declares it: the API's own JSON (snake_case, nanoseconds), as `nats stream add --config` takes it. */
export type StreamDeclaration = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

/** A durable as a file declares it: the API's own JSON, as `nats consumer add --config` takes it, and the stream it belongs to. */
export interface ConsumerDeclaration {
  readonly stream_name: string;
  readonly config: Partial<ConsumerConfig> & {
    readonly durable_name: string;
    readonly filter_subjects: string[];
    readonly ack_wait: number;
    readonly max_deliver: number;
  };
}

export interface Topology {
  readonly streams: readonly StreamDeclaration[];
  readonly consumers: readonly ConsumerDeclaration[];
}

/** A setting that the server has otherwise than declared. */
export interface Difference {
  readonly setting: string;
  /** Undefined: not set. */
  readonly have: unknown;
  readonly want: unknown;
}

/** Compares what is declared, and nothing else: the server adds defaults and metadata of its own. */
export function differences(declared: object, actual: object): Difference[] {
  const actualOf = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(declared).flatMap(([setting, want]) => {
    const have = setting === 'metadata' ? ownMetadata(actualOf.get(setting)) : actualOf.get(setting);
    // Absent, false, zero and empty are one thing: the API leaves its zero values out.
    if (isDeepStrictEqual(want, have) || (isZero(want) && isZero(have))) return [];
    return [{ setting, have, want }];
  });
}

/** A difference in words. */
export function describeDifference({ setting, have, want }: Difference): string {
  return `${setting} is ${JSON.stringify(have)}, declared ${JSON.stringify(want)}`;
}

/**
 * What of the declared stream the server has otherwise. More replicas than declared, and a tier of its own, are the operator's choice: the
 * tier is judged by itself (durability.ts).
 */
export function streamDifferences({ metadata, ...declared }: StreamDeclaration, actual: StreamConfig): string[] {
  const { [tierKey]: _tier, ...wanted } = metadata ?? {};
  const { [tierKey]: _actualTier, ...own } = ownMetadata(actual.metadata);
  const found = differences({ ...declared, metadata: wanted }, { ...actual, metadata: own });
  return found
    .filter(({ setting }) => setting !== 'num_replicas' || actual.num_replicas < (declared.num_replicas ?? 1))
    .map(describeDifference);
}

/** What of the declared consumer the server has otherwise. A filter that delivers more than declared is accepted. */
export function consumerDifferences(declared: ConsumerDeclaration, actual: ConsumerConfig): string[] {
  const { filter_subjects: filters, ...rest } = declared.config;
  const actualFilters =
    actual.filter_subjects ?? (actual.filter_subject === undefined ? ['>'] : [actual.filter_subject]);
  const missing = filters.filter((filter) => !coversFilter(actualFilters, filter));
  return [
    ...differences(rest, actual).map(describeDifference),
    ...missing.map((filter) => `filter_subjects lacks ${filter}`),
  ];
}

/** Whether one of the filters delivers everything that `wanted` would. */
export function coversFilter(filters: readonly string[], wanted: string): boolean {
  const tokens = wanted.split('.');
  return filters.some((filter) => {
    const wider = filter.split('.');
    if (wider.at(-1) === '>')
      return tokens.length >= wider.length && wider.slice(0, -1).every((token, i) => covers(token, tokens[i]));
    return tokens.length === wider.length && wider.every((token, i) => covers(token, tokens[i]));
  });
}

function covers(wider: string, token: string | undefined): boolean {
  return token !== '>' && (wider === '*' || wider === token);
}

function ownMetadata(metadata: unknown): Record<string, unknown> {
  if (typeof metadata !== 'object' || metadata === null) return {};
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('_nats.')));
}

function isZero(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}
