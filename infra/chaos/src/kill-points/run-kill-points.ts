import { setTimeout as sleep } from 'node:timers/promises';
import { collectFacts, declared, judge, type Verdict } from '@postrider/audit';
import { type Fleet, type FleetOptions, startFleet } from '../fleet/start-fleet.ts';
import { createUserApi } from '../load/user-api.ts';
import { createChance } from '../random.ts';
import { settle } from '../settle.ts';
import { type Bench, createBench } from './bench.ts';
import type { KillPoint } from './kill-point.ts';

export interface KillPointsOptions extends FleetOptions {
  readonly points: readonly KillPoint[];
  /** How often at each of them. */
  readonly times: number;
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface PointResult {
  readonly point: KillPoint;
  readonly runs: number;
  /** Second copies that were taken. */
  readonly extraCopies: number;
  /** What went otherwise than it may. */
  readonly complaints: readonly string[];
}

export interface KillPointsResult {
  readonly results: readonly PointResult[];
  readonly verdict: Verdict;
  readonly absorbed: number;
  readonly isClean: boolean;
}

/** Kills at each point so many times, then counts what came of it; at the end the auditor looks at everything. */
export async function runKillPoints(options: KillPointsOptions): Promise<KillPointsResult> {
  await using fleet = await startFleet(options);
  const { members, users } = fleet;
  // Of each service one replica, so that the right one is killed.
  // Patient: whoever gives up and registers again has asked for a second mail.
  const api = createUserApi([users[0]?.url ?? ''], createChance(1), 55_000);
  for (const { name, holdDown } of members) if (name === 'user-2' || name === 'email-2') holdDown();
  const bench = createBench(fleet, api);
  const results: PointResult[] = [];
  for (const point of options.points) {
    if (options.signal.aborted) break;
    const result = await runPoint(bench, point, options);
    options.onProgress(`${point.name}: ${result.runs} times, ${result.extraCopies} second copies`);
    for (const complaint of result.complaints) options.onProgress(`  ! ${complaint}`);
    results.push(result);
  }
  const verdict = judge(
    await collectFacts({
      natsOperatorUrl: fleet.broker.urls.operator,
      databaseUrls: fleet.databases.urls,
      ...declared(),
      mailbox: async () => (await fleet.smtp.taken(0)).mails,
    }),
  );
  const isClean = verdict.unexplained.length === 0 && results.every(({ complaints }) => complaints.length === 0);
  return { results, verdict, absorbed: fleet.handled.absorbed(), isClean };
}

async function runPoint(bench: Bench, point: KillPoint, options: KillPointsOptions): Promise<PointResult> {
  const complaints: string[] = [];
  const people: string[] = [];
  const victim = point.kills === 'user' ? bench.user : bench.email;
  for (let run = 1; run <= options.times && !options.signal.aborted; run++) {
    const email = `${point.name.toLowerCase().replaceAll('.', '-')}-${run}@example.com`;
    const killsBefore = victim.kills();
    people.push(email);
    try {
      await bench.untilReady();
      await point.reach(bench, email);
      if (victim.kills() === killsBefore) complaints.push(`${email}: nobody was killed`);
    } catch (error) {
      complaints.push(`${email}: ${error instanceof Error ? error.message : String(error)}`);
    }
    while (!victim.isUp() && !options.signal.aborted) await sleep(20);
    // One after the other: what is under way in kill after kill is taken for what kills, and buried.
    const { isQuiet, unfinished } = await settle({ fleet: bench.fleet, withinMs: 120_000, onLook: () => undefined });
    if (!isQuiet) complaints.push(`${email}: something is still under way: ${JSON.stringify(unfinished)}`);
  }
  const counted = await countMails(bench.fleet, people, point);
  return {
    point,
    runs: people.length,
    extraCopies: counted.extraCopies,
    complaints: [...complaints, ...counted.complaints],
  };
}

async function countMails(
  fleet: Fleet,
  people: readonly string[],
  point: KillPoint,
): Promise<{ extraCopies: number; complaints: string[] }> {
  const { mails } = await fleet.smtp.taken(0);
  const complaints: string[] = [];
  let extraCopies = 0;
  for (const email of people) {
    const theirs = mails.filter(({ to }) => to === email);
    const extra = theirs.length - new Set(theirs.map(({ messageId }) => messageId)).size;
    extraCopies += extra;
    if (theirs.length !== point.mails || extra !== point.extraCopies)
      complaints.push(
        `${email} has ${theirs.length} mails, ${extra} of them second copies; expected ${point.mails} and ${point.extraCopies}`,
      );
  }
  return { extraCopies, complaints };
}
