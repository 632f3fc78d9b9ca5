import type { KillPoint } from './kill-point.ts';
import { ledgerPoints } from './ledger-points.ts';
import { outboxPoints } from './outbox-points.ts';

export const allPoints: readonly KillPoint[] = [...outboxPoints, ...ledgerPoints];

/**
 * The kill points whose names contain one of these texts.
 *
 * @throws when one of them names nothing
 */
export function pointsNamed(texts: readonly string[]): readonly KillPoint[] {
  if (texts.length === 0) return allPoints;
  for (const text of texts) {
    if (!allPoints.some(({ name }) => name.includes(text)))
      throw new Error(`No kill point is called "${text}". There are: ${allPoints.map(({ name }) => name).join(', ')}.`);
  }
  return allPoints.filter(({ name }) => texts.some((text) => name.includes(text)));
}
