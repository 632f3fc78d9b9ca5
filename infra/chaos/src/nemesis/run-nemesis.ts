// Two hands. One kills, at the pace that reaches the wanted number by the end: any process that is up at that moment. The other holds what
// lasts, two faults at a time at most, taking each in turn (by weight, in an order the seed decides), so that even a short run sees many.
// Overlap is the point: most losses need two things to go wrong at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Chance, shuffled } from '../random.ts';
import type { Fault, Scene } from './fault.ts';

export interface Injection {
  readonly fault: string;
  /** Milliseconds since the nemesis began. */
  readonly at: number;
  readonly lastedMs: number;
  /** False when there was nothing to break just then. */
  readonly hit: boolean;
}

export interface NemesisOptions {
  readonly scene: Scene;
  readonly faults: readonly Fault[];
  /** How many processes to kill. */
  readonly kills: number;
  readonly lastsMs: number;
  /** The pause between two faults that last. */
  readonly lastingEveryMs: number;
  /** A fault could not be injected or healed: the suite's own failure. */
  readonly onTrouble: (text: string) => void;
}

export interface Nemesis {
  readonly injections: readonly Injection[];
  /** What lasts at this moment. */
  active(): readonly string[];
  readonly ended: Promise<void>;
}

export function startNemesis(options: NemesisOptions): Nemesis {
  const injections: Injection[] = [];
  const active = new Set<string>();
  const startedAt = performance.now();
  const inject = async (fault: Fault): Promise<void> => {
    const at = performance.now();
    active.add(fault.name);
    try {
      const hit = await fault.inject(options.scene);
      injections.push({
        fault: fault.name,
        at: Math.round(at - startedAt),
        lastedMs: Math.round(performance.now() - at),
        hit,
      });
    } catch (error) {
      options.onTrouble(`${fault.name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      active.delete(fault.name);
    }
  };
  const run: Run = { ...options, startedAt, inject };
  return {
    injections,
    active: () => [...active],
    ended: Promise.all([killInTurn(run), holdInTurn(run)]).then(() => undefined),
  };
}

interface Run extends NemesisOptions {
  readonly startedAt: number;
  readonly inject: (fault: Fault) => Promise<void>;
}

async function killInTurn({ scene, faults, kills, lastsMs, startedAt, inject }: Run): Promise<void> {
  const killed = (): number => scene.fleet.members.reduce((sum, member) => sum + member.kills(), 0);
  while (!scene.signal.aborted) {
    const left = kills - killed();
    const leftMs = lastsMs - (performance.now() - startedAt);
    // Early rather than late: some kills find nobody at home.
    const everyMs = left <= 0 ? 1_000 : Math.max(100, (leftMs * 0.95) / left);
    await pause(everyMs * (0.5 + scene.chance.next()), scene.signal);
    const fault = choose(faults, 'kill', scene);
    if (fault !== undefined && left > 0 && !scene.signal.aborted) await inject(fault);
  }
}

async function holdInTurn({ scene, faults, lastingEveryMs, inject }: Run): Promise<void> {
  const held = new Set<Promise<void>>();
  const turns = takeTurns(faults, scene.chance);
  while (!scene.signal.aborted) {
    await pause(lastingEveryMs * (0.5 + scene.chance.next()), scene.signal);
    if (held.size >= 2 || scene.signal.aborted) continue;
    const fault = turns(scene);
    if (fault === undefined) continue;
    const holding = inject(fault).finally(() => held.delete(holding));
    held.add(holding);
  }
  await Promise.all(held);
}

/** Each as often as its weight says, against 1 a round; those below come by chance. */
function takeTurns(faults: readonly Fault[], chance: Chance): (scene: Scene) => Fault | undefined {
  const lasting = faults.filter(({ kind }) => kind === 'lasting');
  let round: Fault[] = [];
  return (scene) => {
    if (round.length === 0)
      round = shuffled(
        lasting.flatMap((fault) => copies(fault, chance)),
        chance,
      );
    const fault = round.pop();
    return fault?.isPossible?.(scene) === false ? undefined : fault;
  };
}

function copies(fault: Fault, chance: Chance): Fault[] {
  const count = Math.floor(fault.weight) + (chance.next() < fault.weight % 1 ? 1 : 0);
  return Array.from({ length: count }, () => fault);
}

function choose(faults: readonly Fault[], kind: Fault['kind'], scene: Scene): Fault | undefined {
  const possible = faults.filter((fault) => fault.kind === kind && fault.isPossible?.(scene) !== false);
  let at = scene.chance.next() * possible.reduce((sum, { weight }) => sum + weight, 0);
  return possible.find(({ weight }) => (at -= weight) < 0);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop.
}
