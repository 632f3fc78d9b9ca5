import type { Panel } from '../panels.ts';
import type { Point, Span } from './query-range.ts';
import { axisTop, formatValue } from './units.ts';

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface DrawnPanel {
  readonly title: string;
  readonly unit: Panel['unit'];
  readonly lines: readonly Line[];
}

export const panelHeight = 254;
const plot = { left: 62, right: 14, top: 34, bottom: 184 };
const colours = ['#56a64b', '#3274d9', '#ff780a', '#e02f44', '#8f3bb8', '#e0b400', '#1fa5a5', '#b15c8f', '#705da0'];
const ticks = 4;

interface Frame {
  readonly width: number;
  readonly span: Span;
}

/** One panel at the origin: title, axes, a line a series, and their names below. */
export function drawPanel({ title, unit, lines }: DrawnPanel, { width, span }: Frame): string {
  const top = axisTop(unit, Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (time: number): number =>
    plot.left + ((time - span.start) / (span.end - span.start)) * (width - plot.left - plot.right);
  const y = (value: number): number => plot.bottom - (value / top) * (plot.bottom - plot.top);
  return [
    `<rect width="${Math.round(width)}" height="${panelHeight}" rx="3" fill="#fff" stroke="#dde0e3"/>`,
    text(title, { x: 12, y: 20, size: 13, weight: 600 }),
    ...Array.from({ length: ticks + 1 }, (_, index) => valueTick((index * top) / ticks, { unit, width, y })),
    ...timeTicks(span).map((time) => text(clock(time), { x: x(time), y: plot.bottom + 15, anchor: 'middle' })),
    ...lines.map(({ points }, index) => drawLine(points, { span, x, y, colour: colourOf(index) })),
    drawLegend(lines, width),
  ].join('\n');
}

function valueTick(
  value: number,
  { unit, width, y }: { unit: Panel['unit']; width: number; y: (value: number) => number },
): string {
  const at = y(value).toFixed(1);
  const grid = `<path d="M${plot.left} ${at}H${Math.round(width - plot.right)}" stroke="#e9ebed"/>`;
  return grid + text(formatValue(unit, value), { x: plot.left - 6, y: y(value) + 4, anchor: 'end' });
}

/** Whole minutes, so many apart that about six fit. */
function timeTicks({ start, end }: Span): number[] {
  const every = 60 * Math.max(1, Math.round((end - start) / 360));
  const first = Math.ceil((start + 10) / every) * every;
  return Array.from({ length: Math.ceil((end - first) / every) }, (_, index) => first + index * every);
}

function clock(time: number): string {
  return new Date(1000 * time).toISOString().slice(11, 16);
}

interface Pen {
  readonly span: Span;
  readonly x: (time: number) => number;
  readonly y: (value: number) => number;
  readonly colour: string;
}

/** Broken where there was no value. */
function drawLine(points: readonly Point[], { span, x, y, colour }: Pen): string {
  const path = points.map(([time, value], index) => {
    const before = points[index - 1]?.[0] ?? -Infinity;
    return `${time - before > 1.5 * span.stepSeconds ? 'M' : 'L'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.4" stroke-linecap="round"/>`;
}

/** The names, in as many lines as there is room for below the plot; then how many there are besides. */
function drawLegend(lines: readonly Line[], width: number): string {
  let [x, y] = [12, plot.bottom + 34];
  const drawn: string[] = [];
  for (const [index, { name }] of lines.entries()) {
    const length = 24 + 6.4 * name.length;
    const isLastLine = y + 14 > panelHeight;
    if (isLastLine && x + length + 50 > width && index < lines.length - 1)
      return [...drawn, text(`+ ${lines.length - index}`, { x, y })].join('');
    if (x > 12 && x + length > width) [x, y] = [12, y + 14];
    const mark = `<path d="M${x.toFixed(0)} ${y - 4}h10" stroke="${colourOf(index)}" stroke-width="2.5"/>`;
    drawn.push(mark + text(name, { x: x + 14, y }));
    x += length;
  }
  return drawn.join('');
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? '#000';
}

interface TextStyle {
  readonly x: number;
  readonly y: number;
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function text(content: string, { x, y, size = 11, weight = 400, anchor = 'start' }: TextStyle): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="#24292e">${escaped}</text>`;
}
