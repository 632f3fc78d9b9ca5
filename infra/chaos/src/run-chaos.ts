// One run: start everything, let people come while it is broken, heal, wait until nothing is under way, and count. Two judges look at what
// is left: the auditor, who knows events and mails, and the people, who know what they were told.
import { setTimeout as sleep } from 'node:timers/promises';
import { collectFacts, declared, type Facts, judge, type Verdict } from '@postrider/audit';
import { Client } from 'pg';
import { type Fleet, type FleetOptions, startFleet } from './fleet/start-fleet.ts';
import type { MemberKind } from './fleet/member.ts';
import { readFinalAccounts } from './load/final-accounts.ts';
import { type BrokenPromise, judgeHistory } from './load/history.ts';
import { type People, startPeople } from './load/people.ts';
import { createUserApi, type Outcome } from './load/user-api.ts';
import type { Fault, Scene } from './nemesis/fault.ts';
import { type Injection, type Nemesis, startNemesis } from './nemesis/run-nemesis.ts';
import { createChance } from './random.ts';
import { settle, type Settled } from './settle.ts';

export interface ChaosOptions extends FleetOptions {
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** How long things are broken. */
  readonly lastsMs: number;
  readonly accounts: number;
  readonly kills: number;
  readonly lastingEveryMs: number;
  readonly settleWithinMs: number;
  readonly onProgress: (progress: Progress) => void;
  /** Ends the breaking early; what was begun is healed, settled and counted all the same. */
  readonly signal: AbortSignal;
}

export interface Progress {
  readonly phase: string;
  readonly registered: number;
  readonly mails: number;
  readonly kills: Readonly<Record<MemberKind, number>>;
  readonly active: readonly string[];
}

export interface ChaosResult {
  readonly seed: number;
  readonly lastedMs: number;
  readonly registered: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly kills: Readonly<Record<MemberKind, number>>;
  readonly injections: readonly Injection[];
  readonly settled: Settled;
  readonly verdict: Verdict;
  readonly brokenPromises: readonly BrokenPromise[];
  /** Events that were handled again, and whose mail was not sent again. */
  readonly absorbed: number;
  readonly facts: Facts;
  /** Whether nothing is left that nobody can explain, and nothing unfinished. */
  readonly isClean: boolean;
}

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  await using fleet = await startFleet(options);
  const chance = createChance(options.seed);
  const startedAt = performance.now();
  const over = AbortSignal.any([options.signal, AbortSignal.timeout(options.lastsMs)]);
  const api = createUserApi(
    fleet.users.map(({ url }) => url),
    createChance(options.seed + 1),
  );
  const { accounts } = options;
  const people = startPeople({
    api,
    smtp: fleet.smtp,
    chance: createChance(options.seed + 2),
    accounts,
    until: startedAt + options.lastsMs,
  });
  const scene = await setScene(fleet, options, over, startedAt, chance);
  const { faults, kills, lastsMs, lastingEveryMs, onTrouble } = options;
  const nemesis = startNemesis({ scene, faults, kills, lastsMs, lastingEveryMs, onTrouble });
  await tellUntilOver({ fleet, people, nemesis, options, over });
  await nemesis.ended;
  await people.stop();
  const lastedMs = Math.round(performance.now() - startedAt);
  const settled = await settle({
    fleet,
    withinMs: options.settleWithinMs,
    onLook: (left) => {
      const phase =
        left === undefined
          ? 'healing'
          : `settling: ${left.pending} events, ${left.unacknowledged} messages, ${left.openMails} mails`;
      options.onProgress(progressOf(phase, fleet, people, nemesis));
    },
  });
  return await conclude({ options, fleet, people, nemesis, scene, settled, lastedMs });
}

interface Ending {
  readonly options: ChaosOptions;
  readonly fleet: Fleet;
  readonly people: People;
  readonly nemesis: Nemesis;
  readonly scene: Scene;
  readonly settled: Settled;
  readonly lastedMs: number;
}

async function conclude(ending: Ending): Promise<ChaosResult> {
  const { options, fleet, people, nemesis, scene, settled, lastedMs } = ending;
  options.onProgress(progressOf('auditing', fleet, people, nemesis));
  const facts = await collectFacts({
    natsOperatorUrl: fleet.broker.urls.operator,
    databaseUrls: fleet.databases.urls,
    ...declared(),
    erased: scene.erased,
    mailbox: async () => (await fleet.smtp.taken(0)).mails,
  });
  const verdict = judge(facts);
  const accounts = await readFinalAccounts(fleet.databases.urls.user);
  const brokenPromises = judgeHistory(people.histories.values(), accounts);
  return {
    seed: options.seed,
    lastedMs,
    registered: people.registered(),
    outcomes: people.outcomes(),
    kills: killsOf(fleet),
    injections: nemesis.injections,
    settled,
    verdict,
    brokenPromises,
    absorbed: fleet.handled.absorbed(),
    facts,
    isClean: settled.isQuiet && verdict.unexplained.length === 0 && brokenPromises.length === 0,
  };
}

async function setScene(
  fleet: Fleet,
  { lastsMs, quick }: ChaosOptions,
  signal: AbortSignal,
  startedAt: number,
  chance: Scene['chance'],
): Promise<Scene> {
  const scale = quick === undefined ? 1 : 0.25;
  return {
    fleet,
    chance,
    signal,
    isQuick: quick !== undefined,
    hasWatermarks: await hasWatermarks(fleet.databases.urls.user),
    erased: {},
    progress: () => (performance.now() - startedAt) / lastsMs,
    async lasts(lowMs, highMs) {
      // Rejects when the run is over: then it has lasted long enough.
      await sleep(chance.between(lowMs, highMs) * scale, undefined, { signal }).catch(() => undefined);
    },
  };
}

async function hasWatermarks(databaseUrl: string): Promise<boolean> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string | null }>(`select to_regclass('outbox_watermark') as name`);
    return rows[0]?.name !== null;
  } finally {
    await client.end();
  }
}

interface Watched {
  readonly fleet: Fleet;
  readonly people: People;
  readonly nemesis: Nemesis;
  readonly options: ChaosOptions;
  readonly over: AbortSignal;
}

async function tellUntilOver({ fleet, people, nemesis, options, over }: Watched): Promise<void> {
  while (!over.aborted) {
    options.onProgress(progressOf('breaking', fleet, people, nemesis));
    await sleep(1_000, undefined, { signal: over }).catch(() => undefined); // Rejects when it is over.
  }
}

function progressOf(phase: string, fleet: Fleet, people: People, nemesis: Nemesis): Progress {
  return {
    phase,
    registered: people.registered(),
    mails: people.mailsSeen(),
    kills: killsOf(fleet),
    active: nemesis.active(),
  };
}

function killsOf({ members }: Fleet): Record<MemberKind, number> {
  const kills: Record<MemberKind, number> = { user: 0, email: 0, nats: 0, postgres: 0, smtp: 0 };
  for (const member of members) kills[member.kind] += member.kills();
  return kills;
}
