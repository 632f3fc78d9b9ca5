// Pictures of the figures as SVG, by hand: bars and lines need no library, and follow the reader's light or dark page.
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn as the product's own. */
  readonly isOurs: boolean;
}

const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .note { fill: #59636e }
  .bar { fill: #8c959f } .ours { fill: #0969da } .axis { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .note { fill: #9198a1 } .bar { fill: #656c76 } .ours { fill: #4493f8 } .axis { stroke: #3d444d } }
</style>`;
const [width, left, rowHeight] = [640, 190, 26];

/** Horizontal bars, the longest as long as there is room. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const rows = bars.map(({ label, value, isOurs }, index) => {
    const y = 34 + index * rowHeight;
    const length = Math.max(2, (value / most) * (width - left - 90));
    return (
      `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>` +
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${left}" y="${y + 3}" width="${length.toFixed(1)}" height="17" rx="2"/>` +
      `<text class="note" x="${(left + length + 6).toFixed(1)}" y="${y + 16}">${value.toLocaleString('en')}</text>`
    );
  });
  return svg(34 + bars.length * rowHeight + 8, [
    `<text class="title" x="${left}" y="20">${escaped(title)}, ${escaped(unit)}</text>`,
    ...rows,
  ]);
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const colours = ['#0969da', '#bf8700', '#8250df', '#1a7f37'];

/** Lines over time, with a logarithmic y axis: what differs by a hundredfold still shows. */
export function lineChart(
  title: string,
  unit: string,
  lines: readonly Line[],
  shaded: readonly [number, number],
): string {
  const [height, bottom, top] = [300, 262, 40];
  const points = lines.flatMap((line) => line.points);
  const lastX = Math.max(...points.map(([x]) => x));
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(...points.map(([, y]) => y)))));
  const x = (value: number): string => (60 + (value / lastX) * (width - 80)).toFixed(1);
  const y = (value: number): string =>
    (bottom - (Math.max(0, Math.log10(Math.max(value, 0.1)) + 1) / (decades + 1)) * (bottom - top)).toFixed(1);
  const grid = Array.from({ length: decades + 2 }, (_, index) => {
    const value = 10 ** (index - 1);
    return `<line class="axis" x1="60" x2="${width - 20}" y1="${y(value)}" y2="${y(value)}"/><text class="note" x="52" y="${Number(y(value)) + 4}" text-anchor="end">${value}</text>`;
  });
  const drawn = lines.map(({ label, points }, index) => {
    const colour = colours[index % colours.length] ?? '#0969da';
    const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ');
    return (
      `<polyline class="line" stroke="${colour}" points="${path}"/>` +
      `<rect x="${60 + index * 145}" y="${height - 22}" width="12" height="12" fill="${colour}"/><text x="${78 + index * 145}" y="${height - 11}">${escaped(label)}</text>`
    );
  });
  const [from, to] = shaded;
  return svg(height, [
    `<text class="title" x="60" y="20">${escaped(title)}, ${escaped(unit)}</text>`,
    `<rect x="${x(from)}" y="${top}" width="${(Number(x(to)) - Number(x(from))).toFixed(1)}" height="${bottom - top}" fill="#8c959f" opacity="0.15"/>`,
    ...grid,
    ...drawn,
  ]);
}

function svg(height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">\n${style}\n${parts.join('\n')}\n</svg>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
