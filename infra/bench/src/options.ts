import { parseArgs } from 'node:util';
import { z } from 'zod';

export const usage = `npm run bench [-- options]
  --quick            a first look, in under three minutes on a quiet machine: one run, short, beside the nearest peer and the limits
  --runs <n>         how often each is measured, peers in turn (3)
  --only <names>     workloads whose names contain one of these, separated by commas without a space: 'throughput, MikroORM,drain' are two
  --skip <names>     workloads whose names contain none of these
  --peers <names>    peers whose names contain one of these, separated by commas
  --hold <seconds>   how long the writing transaction of "held transaction" stays open (600)
  --results <folder> where figures and report go (infra/bench/results/<date>; with --quick nowhere)
  --report <folder>  measures nothing: writes the report of the figures in that folder anew`;

export interface Options {
  readonly isQuick: boolean;
  readonly runs: number;
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly peers: readonly string[];
  readonly holdSeconds: number;
  readonly results?: string | undefined;
  readonly report?: string | undefined;
}

const names = z
  .string()
  .default('')
  .transform((text) => text.split(/,(?! )/).filter((name) => name !== ''));
const schema = z.object({
  quick: z.boolean().default(false),
  runs: z.coerce.number().int().min(1).optional(),
  only: names,
  skip: names,
  peers: names,
  hold: z.coerce.number().int().min(10).default(600),
  results: z.string().optional(),
  report: z.string().optional(),
});

/** @throws an error whose message tells what is wrong, and the usage */
export function parseOptions(args: readonly string[]): Options {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        runs: text,
        only: text,
        skip: text,
        peers: text,
        hold: text,
        results: text,
        report: text,
      },
    });
    const { quick, runs, hold, ...others } = schema.parse(values);
    return {
      isQuick: quick,
      runs: runs ?? (quick ? 1 : 3),
      holdSeconds: hold,
      ...others,
    };
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`${what}\n\n${usage}`, { cause: error });
  }
}
