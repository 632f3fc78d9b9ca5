import type { CurvePoint } from '../scenarios/latencies.ts';
import type { Phase } from '../scenarios/scenario.ts';

export interface Curve {
  readonly title: string;
  readonly points: readonly CurvePoint[];
  readonly phases: readonly Phase[];
}

const width = 900;
const height = 340;
const plot = { left: 60, right: 20, top: 40, bottom: 40 };

/** A curve of latencies as SVG: time from left to right, milliseconds upwards by powers of ten. Readable on light and on dark pages. */
export function curveSvg({ title, points, phases }: Curve): string {
  const last = Math.max(1, ...points.map(({ at }) => at), ...phases.map(({ to }) => to));
  const values = points.flatMap(({ p50, p99 }) => [p50, p99]).filter((ms) => ms > 0);
  const low = Math.floor(Math.log10(Math.min(1, ...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(10, ...values))));
  const x = (seconds: number): number => plot.left + (seconds / last) * (width - plot.left - plot.right);
  const y = (ms: number): number => {
    const share = (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low);
    return height - plot.bottom - share * (height - plot.top - plot.bottom);
  };
  const line = (of: 'p50' | 'p99', color: string): string => {
    const path = points.map((point) => `${x(point.at).toFixed(1)},${y(point[of]).toFixed(1)}`).join(' ');
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
  };
  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(plot.left, 20, `${title} (milliseconds; p50 blue, p99 red)`),
    ...phases.map((phase) => shade(phase, x)),
    ...decades.map((ms) => grid(ms, y)),
    ...secondsMarks(last).map((at) => text(x(at) - 8, height - 20, `${at} s`)),
    line('p50', '#2563eb'),
    line('p99', '#dc2626'),
    '</svg>',
    '',
  ].join('\n');
}

function shade({ name, from, to }: Phase, x: (seconds: number) => number): string {
  const bar = `<rect x="${x(from).toFixed(1)}" y="${plot.top}" width="${(x(to) - x(from)).toFixed(1)}" height="${height - plot.top - plot.bottom}" fill="#fde68a" opacity="0.5"/>`;
  return `${bar}\n${text(x(from) + 4, plot.top + 14, name)}`;
}

function grid(ms: number, y: (ms: number) => number): string {
  const at = y(ms).toFixed(1);
  return `<line x1="${plot.left}" x2="${width - plot.right}" y1="${at}" y2="${at}" stroke="#d1d5db"/>\n${text(10, Number(at) + 4, `${ms} ms`)}`;
}

function secondsMarks(last: number): number[] {
  const step = [1, 5, 10, 30, 60, 120, 300].find((one) => last / one <= 12) ?? 600;
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => index * step);
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="#111827">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
