import { heldRecorder, heldTransaction } from './held-transaction.ts';
import { poison } from './poison.ts';
import type { Scenario } from './scenario.ts';

export const allScenarios: readonly Scenario[] = [heldTransaction, heldRecorder, poison];

/** @throws when there is none of that name */
export function scenarioNamed(name: string): Scenario {
  const found = allScenarios.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new Error(`No scenario is called "${name}". There are: ${allScenarios.map((one) => one.name).join(', ')}.`);
}
