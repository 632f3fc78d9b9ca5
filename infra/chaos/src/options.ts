import { parseArgs } from 'node:util';
import { z } from 'zod';
import { pointsNamed } from './kill-points/all-points.ts';
import type { KillPoint } from './kill-points/kill-point.ts';
import { faultsNamed } from './nemesis/all-faults.ts';
import type { Fault } from './nemesis/fault.ts';
import { allScenarios, scenarioNamed } from './scenarios/all-scenarios.ts';
import type { Scenario } from './scenarios/scenario.ts';

const scenarioUsage = [
  '  --scenario <name>  instead of all that, measured:',
  ...allScenarios.map(({ name, what }) => `    ${name}: ${what}`),
].join('\n');

export const usage = `npm run chaos [-- options]
  --minutes <n>    how long things are broken (20); healing and counting come on top, fifteen minutes at most
  --kills <n>      processes to kill in that time (550)
  --accounts <n>   people to register in that time (21000)
  --nodes <1|3>    nats-servers; with 3 every stream is on all of them (1)
  --seed <n>       repeats the choice of faults (the time of day)
  --only <names>   faults whose names contain one of these, separated by commas, or such kill points; "none" for no fault
  --kill-points <n>  instead of all that: kills n times between any two steps of the outbox and of the ledger
${scenarioUsage}
  --table            runs the tests that promises rest on, and writes the table of all promises from them and from the reports
  --report <path>  where the report goes, beside its raw figures in JSON (infra/chaos/results; none where faults were named)
  --keep           leaves logs and data where they are, as it does by itself when something is unexplained`;

export interface Options {
  readonly minutes: number;
  /** As it was asked for, if it was: each scenario has a length of its own. */
  readonly scenarioMinutes: number | undefined;
  readonly kills: number;
  readonly accounts: number;
  readonly nodes: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** Where to kill, if at named points. */
  readonly points: readonly KillPoint[];
  /** Whether nothing was left out. */
  readonly isWhole: boolean;
  /** How often to kill at each named point, instead of at random. */
  readonly killPoints: number | undefined;
  /** Whether to run the tests that promises rest on, and to write their table. */
  readonly isTable: boolean;
  /** What to measure, instead of breaking everything. */
  readonly scenario: Scenario | undefined;
  readonly report: string | undefined;
  readonly keep: boolean;
}

const number = z.coerce.number().min(0);
const schema = z.object({
  minutes: number.max(600).optional(),
  kills: number.int().default(550),
  accounts: number.int().default(21_000),
  nodes: z.enum(['1', '3']).default('1'),
  seed: number.int().optional(),
  only: z.string().optional(),
  'kill-points': number.int().optional(),
  scenario: z.string().optional(),
  report: z.string().optional(),
  table: z.boolean().default(false),
  keep: z.boolean().default(false),
});

/** @throws an error whose message tells what is wrong, and the usage */
export function parseOptions(args: readonly string[], now: Date): Options {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: text,
        kills: text,
        accounts: text,
        nodes: text,
        seed: text,
        only: text,
        'kill-points': text,
        scenario: text,
        report: text,
        table: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    });
    const {
      nodes,
      seed,
      only,
      report,
      minutes,
      scenario,
      table,
      'kill-points': killPoints,
      ...rest
    } = schema.parse(values);
    const names = only?.split(',').filter((name) => name !== '') ?? [];
    return {
      ...rest,
      minutes: minutes ?? 20,
      scenarioMinutes: minutes,
      scenario: scenario === undefined ? undefined : scenarioNamed(scenario),
      nodes: Number(nodes),
      seed: seed ?? now.getTime() % 1_000_000,
      faults: only === 'none' || killPoints !== undefined ? [] : faultsNamed(names),
      points: killPoints === undefined ? [] : pointsNamed(names),
      isTable: table,
      isWhole: only === undefined,
      killPoints,
      report,
    };
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : '';
    throw new Error(`${what}\n\n${usage}`, { cause });
  }
}
