import type { Panel } from '../panels.ts';

type Unit = Panel['unit'];

/** Where an axis that begins at 0 ends: a round number that is not below the highest value. */
export function axisTop(unit: Unit, highest: number): number {
  if (highest <= 0) return unit === 'percentunit' ? 0.01 : 1;
  const base = unit === 'bytes' ? 2 ** 20 : 1;
  const magnitude = 10 ** Math.floor(Math.log10(highest / base));
  const round = [1, 2, 4, 6, 8, 10].find((factor) => factor * magnitude * base >= highest * 0.999);
  return (round ?? 10) * magnitude * base;
}

/** A value with its unit, as an axis names it. */
export function formatValue(unit: Unit, value: number): string {
  if (unit === 'percentunit') return `${short(100 * value)} %`;
  if (unit === 'bytes') return `${short(value / 2 ** 20)} MiB`;
  if (unit === 's') return value > 0 && value < 1 ? `${short(1000 * value)} ms` : `${short(value)} s`;
  return unit === 'short' ? short(value) : `${short(value)}/s`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
