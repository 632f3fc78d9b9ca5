import { databaseFaults } from './database-faults.ts';
import type { Fault } from './fault.ts';
import { natsFaults } from './nats-faults.ts';
import { processFaults } from './process-faults.ts';
import { smtpFaults } from './smtp-faults.ts';

export const allFaults: readonly Fault[] = [...processFaults, ...databaseFaults, ...natsFaults, ...smtpFaults];

/**
 * The faults whose names contain one of these texts.
 *
 * @throws when one of them names nothing
 */
export function faultsNamed(texts: readonly string[]): readonly Fault[] {
  if (texts.length === 0) return allFaults;
  for (const text of texts) {
    if (!allFaults.some(({ name }) => name.includes(text)))
      throw new Error(`No fault is called "${text}". There are: ${allFaults.map(({ name }) => name).join(', ')}.`);
  }
  return allFaults.filter(({ name }) => texts.some((text) => name.includes(text)));
}
