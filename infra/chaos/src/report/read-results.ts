import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const everything = z.object({
  kind: z.literal('everything'),
  date: z.string(),
  nodes: z.number(),
  isClean: z.boolean(),
  injections: z.array(z.object({ fault: z.string(), hit: z.boolean() })),
});
const killPoints = z.object({
  kind: z.literal('kill points'),
  date: z.string(),
  isClean: z.boolean(),
  results: z.array(
    z.object({ point: z.object({ name: z.string() }), runs: z.number(), complaints: z.array(z.string()) }),
  ),
});
const scenario = z.object({ kind: z.literal('scenario'), name: z.string(), date: z.string(), isClean: z.boolean() });
const result = z.discriminatedUnion('kind', [everything, killPoints, scenario]);

/** How often something was run, in which reports, and whether it held each time. */
export interface Runs {
  readonly runs: number;
  readonly held: boolean;
  /** Names of the reports, beside the table. */
  readonly reports: readonly string[];
}

/** What the reports in a folder say about a fault, a kill point or a scenario. */
export interface Results {
  runsOf(kind: 'fault' | 'point' | 'scenario', name: string): Runs;
}

export async function readResults(folder: string): Promise<Results> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  const read = await Promise.all(
    names.map(async (name) => ({
      report: name.replace(/\.json$/, '.md'),
      content: result.safeParse(JSON.parse(await readFile(join(folder, name), 'utf8'))).data,
    })),
  );
  return {
    runsOf(kind, name) {
      const found = read.flatMap(({ report, content }) => {
        const { runs, held } = content === undefined ? none : countIn(content, kind, name);
        return runs === 0 ? [] : [{ runs, held, report }];
      });
      return {
        runs: found.reduce((sum, { runs }) => sum + runs, 0),
        held: found.every(({ held }) => held),
        reports: found.map(({ report }) => report),
      };
    },
  };
}

const none = { runs: 0, held: true };

function countIn(content: z.infer<typeof result>, kind: string, name: string): { runs: number; held: boolean } {
  if (content.kind === 'everything' && kind === 'fault')
    return { runs: content.injections.filter(({ fault, hit }) => hit && fault === name).length, held: content.isClean };
  if (content.kind === 'scenario' && kind === 'scenario' && content.name === name)
    return { runs: 1, held: content.isClean };
  const point =
    content.kind === 'kill points' && kind === 'point' && content.results.find((one) => one.point.name === name);
  return point ? { runs: point.runs, held: point.complaints.length === 0 } : none;
}
