import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allPoints } from '../kill-points/all-points.ts';
import { allFaults } from '../nemesis/all-faults.ts';
import { allScenarios } from '../scenarios/all-scenarios.ts';
import { mailPromises } from './mail-promises.ts';
import type { FaultPromise, Proof } from './promise.ts';
import { serverPromises } from './server-promises.ts';

export const allPromises: readonly FaultPromise[] = [...serverPromises, ...mailPromises];

/** What the promises rest on and is not there: a proof that nobody can run, or a fault that no promise speaks of. */
export async function findGaps(root: string): Promise<string[]> {
  const proofs = allPromises.flatMap((one) => one.proofs);
  const gaps = await Promise.all(proofs.map(async (proof) => findGap(root, proof)));
  const used = new Set(proofs.map(nameOf));
  const there = [...allFaults, ...allPoints, ...allScenarios].map(({ name }) => name);
  return [
    ...gaps.filter((gap) => gap !== undefined),
    ...there.filter((name) => !used.has(name)).map((name) => `No promise rests on "${name}".`),
  ];
}

export function nameOf(proof: Proof): string {
  if ('fault' in proof) return proof.fault;
  if ('point' in proof) return proof.point;
  return 'scenario' in proof ? proof.scenario : proof.name;
}

async function findGap(root: string, proof: Proof): Promise<string | undefined> {
  if ('test' in proof) {
    const source = await readFile(join(root, proof.test), 'utf8').catch(() => undefined);
    if (source === undefined) return `There is no ${proof.test}.`;
    return source.includes(`'${proof.name}'`) ? undefined : `${proof.test} has no test "${proof.name}".`;
  }
  const known: readonly { readonly name: string }[] =
    'fault' in proof ? allFaults : 'point' in proof ? allPoints : allScenarios;
  return known.some(({ name }) => name === nameOf(proof)) ? undefined : `There is no "${nameOf(proof)}".`;
}
