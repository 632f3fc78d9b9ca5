import { parseArgs } from 'node:util';
import { z } from 'zod';
import { faultsNamed } from './nemesis/all-faults.ts';
import type { Fault } from './nemesis/fault.ts';

export const usage = `npm run chaos [-- options]
  --minutes <n>    how long things are broken (20); healing and counting come on top, ten minutes at most
  --kills <n>      processes to kill in that time (550)
  --accounts <n>   people to register in that time (21000)
  --nodes <1|3>    nats-servers; with 3 every stream is on all of them (1)
  --seed <n>       repeats the choice of faults (the time of day)
  --only <names>   faults whose names contain one of these, separated by commas; "none" for no fault
  --kill-points <n> instead of all that: kills n times between any two steps of the outbox and of the ledger
  --report <path>  where the report goes, beside its raw figures in JSON (infra/chaos/results/<date>.md when all faults were asked for)
  --keep           leaves logs and data where they are, as it does by itself when something is unexplained`;

export interface Options {
  readonly minutes: number;
  readonly kills: number;
  readonly accounts: number;
  readonly nodes: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly isWhole: boolean;
  /** How often to kill at each named point, instead of at random. */
  readonly killPoints: number | undefined;
  readonly report: string | undefined;
  readonly keep: boolean;
}

const number = z.coerce.number().min(0);
const schema = z.object({
  minutes: number.max(600).default(20),
  kills: number.int().default(550),
  accounts: number.int().default(21_000),
  nodes: z.enum(['1', '3']).default('1'),
  seed: number.int().optional(),
  only: z.string().optional(),
  'kill-points': number.int().optional(),
  report: z.string().optional(),
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
        report: text,
        keep: { type: 'boolean' },
      },
    });
    const { nodes, seed, only, report, 'kill-points': killPoints, ...rest } = schema.parse(values);
    const names = only?.split(',').filter((name) => name !== '') ?? [];
    return {
      ...rest,
      nodes: Number(nodes),
      seed: seed ?? now.getTime() % 1_000_000,
      faults: only === 'none' ? [] : faultsNamed(names),
      isWhole: only === undefined,
      killPoints,
      report,
    };
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : '';
    throw new Error(`${what}\n\n${usage}`, { cause });
  }
}
