import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allPromises, nameOf } from '../promises/all-promises.ts';
import type { FaultPromise, Proof } from '../promises/promise.ts';
import type { TestResults } from '../promises/run-tests.ts';
import type { Results } from './read-results.ts';

export interface FaultTable {
  /** Promises that something did not hold for, or that nothing was run for. */
  readonly open: readonly string[];
}

/** Writes fault × promise × runs × result, from the reports that are there and the tests that were run just now. */
export async function writeFaultTable(
  folder: string,
  { results, tests, date }: { results: Results; tests: TestResults; date: Date },
): Promise<FaultTable> {
  const rows = allPromises.map((promise) => rowOf(promise, results, tests));
  const open = rows
    .filter(({ verdict }) => verdict !== 'held')
    .map(({ promise }) => `${promise.part}: ${promise.fault}`);
  await writeFile(join(folder, 'README.md'), markdown(rows, date));
  return { open };
}

interface Row {
  readonly promise: FaultPromise;
  readonly proofs: readonly ProofResult[];
  readonly verdict: string;
}

interface ProofResult {
  readonly text: string;
  readonly runs: number;
  readonly held: boolean;
}

function rowOf(promise: FaultPromise, results: Results, tests: TestResults): Row {
  const proofs = promise.proofs.map((proof) => resultOf(proof, results, tests));
  const isRun = proofs.some(({ runs }) => runs > 0);
  const verdict = proofs.some(({ held }) => !held) ? 'not held' : isRun ? 'held' : 'not run';
  return { promise, proofs, verdict };
}

function resultOf(proof: Proof, results: Results, tests: TestResults): ProofResult {
  if ('test' in proof) {
    const { runs, passed } = tests.outcomeOf(proof.test, proof.name);
    return { text: `[${proof.name}](../../../${proof.test})`, runs, held: passed === runs };
  }
  const kind = 'fault' in proof ? 'fault' : 'point' in proof ? 'point' : 'scenario';
  const { runs, held, reports } = results.runsOf(kind, nameOf(proof));
  const links = reports.map((report) => `[${report.replace(/\.md$/, '')}](${report})`).join(', ');
  return { text: `\`${nameOf(proof)}\` in ${links || 'no report'}`, runs, held };
}

function markdown(rows: readonly Row[], date: Date): string {
  const proofs = rows.flatMap((row) => row.proofs);
  const held = rows.filter(({ verdict }) => verdict === 'held').length;
  return `${[
    '# What can break, what is promised, and what was found',
    `Written by \`npm run chaos -- --table\` on ${date.toISOString().slice(0, 10)}, from the reports beside it and from the tests that it names, which it ran. ` +
      'A fault’s runs are those that found something to break; faults overlap with kills and with one another, so a run that breaks everything is held or not as a whole. ' +
      '[How to read it](../README.md).',
    `**${held} of ${rows.length} promises held**, ${proofs.reduce((sum, { runs }) => sum + runs, 0)} runs.`,
    ['| part | fault | promise | shown by: runs | result |', '|---|---|---|---|---|', ...rows.map(line)].join('\n'),
  ].join('\n\n')}\n`;
}

function line({ promise: { part, fault, promise }, proofs, verdict }: Row): string {
  const shown = proofs.map(({ text, runs, held }) => `${text}: ${held ? runs : `${runs}, not held`}`).join('<br>');
  return `| ${part} | ${fault} | ${promise} | ${shown} | ${verdict} |`;
}
