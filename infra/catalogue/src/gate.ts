import { type EventContract, parseData } from '@postrider/contracts';
import { type Catalogue, catalogueOf } from './catalogue.ts';
import { linesToAdd } from './changelog.ts';
import { type Change, compareCatalogues } from './compare-catalogues.ts';

/** The catalogue and its CHANGELOG, as they are somewhere: where they were published, or here. */
export interface Published {
  readonly catalogue: Catalogue;
  readonly changelog: string;
}

export interface Judgement {
  readonly changes: readonly Change[];
  /** Lines that the CHANGELOG lacks. */
  readonly missing: readonly string[];
  /** Why this may not be published; empty when it may. */
  readonly refusals: readonly string[];
}

/**
 * Whether the contracts may follow what is published.
 *
 * A breaking change passes in one way alone: a line of the CHANGELOG that begins with **Breaking** and names the contract and the field, so that it is
 * somebody's decision, with a reason, which whoever reviews the change must see.
 */
export function judgeContracts(
  published: Published,
  contracts: readonly EventContract[],
  { changelog, today }: { changelog: string; today: string },
): Judgement {
  const changes = compareCatalogues(published.catalogue, catalogueOf(contracts), today);
  const missing = linesToAdd(published.changelog, changelog, changes);
  const isDecided = (change: Change): boolean => linesToAdd(published.changelog, changelog, [change]).length === 0;
  const broken = changes.filter((change) => change.isBreaking && !isDecided(change));
  const unread = brokenSamples(published.catalogue, contracts).filter(
    (type) => !changes.some((one) => one.type === type && one.isBreaking),
  );
  return {
    changes,
    missing,
    refusals: [
      ...broken.map(({ type, what }) => `${type}: ${what}.`),
      ...unread.map((type) => `${type}: the golden sample that was published breaks the contract.`),
    ],
  };
}

/** The types whose published sample is read no more: whatever the comparison missed. */
function brokenSamples(published: Catalogue, contracts: readonly EventContract[]): string[] {
  const samples = new Map(published.events.map(({ type, sample }) => [type, sample]));
  return contracts
    .filter(({ type }) => samples.has(type))
    .filter((contract) => !reads(contract, samples.get(contract.type)))
    .map(({ type }) => type);
}

function reads(contract: EventContract, sample: unknown): boolean {
  try {
    parseData(contract, new TextEncoder().encode(JSON.stringify(sample)));
    return true;
  } catch {
    return false;
  }
}
