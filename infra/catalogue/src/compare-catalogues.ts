import { isDeepStrictEqual } from 'node:util';
import type { Catalogue, PublishedEvent } from './catalogue.ts';
import { compareSchemas, type SchemaChange } from './compare-schemas.ts';

/** A difference between what is published and what the definitions say. */
export interface Change extends SchemaChange {
  /** Whose: `user.registered.v1`, or {@link envelope}. */
  readonly type: string;
}

/** What changes of the headers, which all events share, are filed under. */
export const envelope = 'envelope';

/** @param today `2026-11-28`: a deprecated version may go when its day is over */
export function compareCatalogues(before: Catalogue, after: Catalogue, today: string): Change[] {
  const [old, now] = [before, after].map(({ events }) => new Map(events.map((event) => [event.type, event])));
  const types = new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]);
  return [
    ...compareEnvelopes(before, after).map((change) => ({ type: envelope, ...change })),
    ...[...types].flatMap((type) =>
      compareEvents(old?.get(type), now?.get(type), today).map((change) => ({ type, ...change })),
    ),
  ];
}

function compareEnvelopes(before: Catalogue, after: Catalogue): SchemaChange[] {
  const isFirst = Object.keys(before.envelope).length === 0;
  return isFirst ? [firstTime] : compareSchemas(before.envelope, after.envelope);
}

const firstTime: SchemaChange = { path: '', isBreaking: false, what: 'published for the first time' };

function compareEvents(
  before: PublishedEvent | undefined,
  after: PublishedEvent | undefined,
  today: string,
): SchemaChange[] {
  if (before === undefined) return [firstTime];
  if (after === undefined) return [withdrawal(before, today)];
  return [
    ...compareSchemas(before.schema, after.schema),
    ...comparePlaces(before, after),
    ...comparePersonal(before, after),
    ...compareExplanations(before, after),
    ...compareDeprecations(before, after),
  ];
}

function withdrawal({ deprecated }: PublishedEvent, today: string): SchemaChange {
  if (deprecated === undefined) return { path: '', isBreaking: true, what: 'withdrawn without having been deprecated' };
  const { until, successor } = deprecated;
  if (today <= until) return { path: '', isBreaking: true, what: `withdrawn although it was promised until ${until}` };
  return { path: '', isBreaking: false, what: `withdrawn, as announced: \`${successor}\` took over` };
}

/** Where it is found, and by what it is ordered. */
function comparePlaces(before: PublishedEvent, after: PublishedEvent): SchemaChange[] {
  const places = ['version', 'stream', 'subject', 'aggregate', 'schemaPath'] as const;
  return places
    .filter((place) => before[place] !== after[place])
    .map((place) => ({
      path: '',
      isBreaking: true,
      what: `${place} changed from ${before[place]} to ${after[place]}`,
    }));
}

/** Whoever was told that a member is personal purges it; who is told later has kept it where it may not be. But better late than never. */
function comparePersonal(before: PublishedEvent, after: PublishedEvent): SchemaChange[] {
  const added = after.pii.filter((member) => !before.pii.includes(member));
  const gone = before.pii.filter((member) => !after.pii.includes(member));
  return [
    ...added.map((path) => ({ path, isBreaking: false, what: `\`${path}\` is marked as personal data` })),
    ...gone.map((path) => ({ path, isBreaking: true, what: `\`${path}\` is no longer marked as personal data` })),
  ];
}

function compareExplanations(before: PublishedEvent, after: PublishedEvent): SchemaChange[] {
  const sample = {
    path: '',
    isBreaking: true,
    what: 'the golden sample changed, which says what was published on its day',
  };
  return [
    ...(before.description === after.description
      ? []
      : [{ path: '', isBreaking: false, what: 'description reworded' }]),
    ...(isDeepStrictEqual(before.sample, after.sample) ? [] : [sample]),
  ];
}

function compareDeprecations(
  { deprecated: before }: PublishedEvent,
  { deprecated: after }: PublishedEvent,
): SchemaChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (after === undefined) return [{ path: '', isBreaking: false, what: 'no longer deprecated' }];
  const what = `deprecated until ${after.until} in favour of \`${after.successor}\``;
  const isBreaking = before !== undefined && after.until < before.until;
  return [{ path: '', isBreaking, what: isBreaking ? `${what}, earlier than was promised (${before.until})` : what }];
}
