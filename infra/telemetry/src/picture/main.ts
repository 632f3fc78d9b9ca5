// `node infra/run.mjs infra/telemetry/src/picture/main.ts --prometheus http://127.0.0.1:9090 --minutes 10`: the dashboard as a picture,
// where there is no Grafana to look at. Asks a Prometheus that scrapes running services for every query of the dashboard, over the last
// minutes, and draws the answers into dashboard.svg. Ends with 1 and names the panels when some have nothing to show.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { picturePath } from '../files.ts';
import { type Panel, rows } from '../panels.ts';
import { drawDashboard } from './draw-dashboard.ts';
import type { DrawnPanel } from './draw-panel.ts';
import { queryRange, type Span } from './query-range.ts';

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
    minutes: { type: 'string', default: '10' },
    out: { type: 'string', default: picturePath },
  },
});
const stepSeconds = 5; // Of prometheus.yml; a rate needs four of them.
const end = Math.floor(Date.now() / 1000);
const span: Span = { start: end - 60 * Number(values.minutes), end, stepSeconds };

const drawnRows = await Promise.all(
  rows.map(async ({ title, panels }) => ({ title, panels: await Promise.all(panels.map(ask)) })),
);
const empty = drawnRows.flatMap(({ panels }) => panels.filter(({ lines }) => lines.length === 0));
for (const { title } of empty) process.stderr.write(`Nothing to show in: ${title}\n`);
if (empty.length > 0) process.exitCode = 1;
await writeFile(values.out, drawDashboard(drawnRows, span));

async function ask({ title, unit, queries }: Panel): Promise<DrawnPanel> {
  const answers = await Promise.all(
    queries.map(async ({ expr, legend }) => {
      const query = expr.replaceAll('$__rate_interval', `${4 * stepSeconds}s`);
      const series = await queryRange(values.prometheus, query, span);
      return series.map(({ labels, points }) => ({ name: named(legend, labels), points }));
    }),
  );
  return { title, unit, lines: answers.flat() };
}

/** A legend with the labels of one series, as Grafana fills it in. */
function named(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_whole, label: string) => labels[label] ?? '');
}
