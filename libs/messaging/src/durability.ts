import type { StreamInfo } from '@nats-io/jetstream';

/**
 * What a stream's acknowledgement is worth. A stream declares its tier in its metadata (`postrider.durability`); none is T0.
 *
 * T0: one server, default sync. Survives a killed server process; when the machine loses power up to `sync_interval` (two minutes by
 *   default) of acknowledged messages may be gone.
 * T1: three replicas or more on file, server 2.14 or later. Survives the loss of a machine; a power failure of all at once may still
 *   take what none of them had synced.
 * T2: T1, and every server syncs each write (`sync_interval: always`). Survives that too.
 *
 * Why T1 is not the end: https://jepsen.io/analyses/nats-2.12.1.
 */
export type Tier = 'T0' | 'T1' | 'T2';

export const tierKey = 'postrider.durability';

export interface DurabilityVerdict {
  readonly tier: Tier;
  /** What the stream lacks for its tier. */
  readonly shortfalls: readonly string[];
  /** What could not be looked at. */
  readonly unverified: readonly string[];
}

export interface ServerFacts {
  /** `2.15.1`. */
  readonly version: string;
  /** Whether each write is synced; undefined where the monitoring port could not be asked. */
  readonly syncsAlways: boolean | undefined;
}

/** Compares a stream with its tier. Pure. */
export function judgeDurability(info: StreamFacts, server: ServerFacts): DurabilityVerdict {
  const declared = info.config.metadata?.[tierKey] ?? 'T0';
  const tier = isTier(declared) ? declared : 'T0';
  const unknown = isTier(declared)
    ? []
    : [`${tierKey} is "${declared}", not one of ${Object.keys(oldestServer).join(', ')}`];
  const shortfalls = [...unknown, ...ofAnyTier(info, server, tier), ...(tier === 'T0' ? [] : ofReplicas(info, tier))];
  if (tier !== 'T2') return { tier, shortfalls, unverified: [] };
  if (server.syncsAlways === false) shortfalls.push('sync_interval is not always');
  return { tier, shortfalls, unverified: server.syncsAlways === undefined ? ['sync_interval'] : [] };
}

type StreamFacts = Pick<StreamInfo, 'config' | 'cluster'>;

function ofAnyTier({ config }: StreamFacts, server: ServerFacts, tier: Tier): string[] {
  return [
    !isAtLeast(server.version, oldestServer[tier]) &&
      `the server is ${server.version}, ${tier} needs ${oldestServer[tier]} or later`,
    config.storage !== 'file' && `storage is ${config.storage}, not file`,
    config.persist_mode === 'async' && 'persist_mode is async: it acknowledges what it has not written',
    config.duplicate_window < leastWindowNs && 'duplicate_window is below two minutes',
  ].filter((one) => one !== false);
}

function ofReplicas({ config, cluster }: StreamFacts, tier: Tier): string[] {
  const followers = cluster?.replicas ?? [];
  const behind = followers.filter(({ current, offline }) => offline || !current).length;
  return [
    config.num_replicas < 3 && `num_replicas is ${config.num_replicas}, ${tier} needs 3`,
    behind > 0 && `${behind} of ${followers.length + 1} replicas are away or behind`,
  ].filter((one) => one !== false);
}

const oldestServer: Readonly<Record<Tier, string>> = { T0: '2.12.4', T1: '2.14.0', T2: '2.14.0' };
const leastWindowNs = 120e9;

function isTier(text: string): text is Tier {
  return Object.hasOwn(oldestServer, text);
}

function isAtLeast(version: string, floor: string): boolean {
  const numbers = (text: string): number[] => text.split(/[.-]/).slice(0, 3).map(Number);
  const [have, want] = [numbers(version), numbers(floor)];
  const differing = want.findIndex((number, index) => number !== have[index]);
  return differing === -1 || (have[differing] ?? 0) > (want[differing] ?? 0);
}
