import { drawPanel, type DrawnPanel, panelHeight, text } from './draw-panel.ts';
import type { Span } from './query-range.ts';

export interface DrawnRow {
  readonly title: string;
  readonly panels: readonly DrawnPanel[];
}

const [width, gap, headingHeight] = [1500, 10, 30];

/** The dashboard's rows, one below the other, as an SVG document. */
export function drawDashboard(rows: readonly DrawnRow[], span: Span): string {
  const rowHeight = headingHeight + panelHeight + gap;
  const height = rows.length * rowHeight + gap;
  const drawn = rows.map((row, index) => drawRow(row, gap + index * rowHeight, span));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Inter, Helvetica, Arial, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#f4f5f5"/>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawRow({ title, panels }: DrawnRow, y: number, span: Span): string {
  const panelWidth = (width - gap * (panels.length + 1)) / panels.length;
  const drawn = panels.map((panel, index) => {
    const x = gap + index * (panelWidth + gap);
    return `<g transform="translate(${Math.round(x)} ${y + headingHeight})">\n${drawPanel(panel, { width: panelWidth, span })}\n</g>`;
  });
  return [text(title, { x: gap + 2, y: y + 19, size: 15, weight: 600 }), ...drawn].join('\n');
}
