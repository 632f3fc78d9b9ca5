import { type Panel, type Row, rows } from './panels.ts';

const datasource = { type: 'prometheus', uid: 'prometheus' };
const [columns, rowHeight] = [24, 8];

/**
 * The dashboard as Grafana provisions it (JSON model of its version 10 and later).
 * https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
export function grafanaDashboard(): object {
  return {
    uid: 'postrider',
    title: 'Postrider',
    tags: ['postrider'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    annotations: { list: [] },
    templating: { list: [] },
    panels: rows.flatMap((row, index) => panelsOf(row, index)),
  };
}

function panelsOf({ title, panels }: Row, index: number): object[] {
  const y = index * (rowHeight + 1);
  const w = columns / panels.length;
  const heading = { id: index + 1, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: columns, h: 1 } };
  return [
    { ...heading, panels: [] },
    ...panels.map((panel, at) => ({
      id: 100 * (index + 1) + at,
      gridPos: { x: at * w, y: y + 1, w, h: rowHeight },
      ...timeSeries(panel),
    })),
  ];
}

function timeSeries({ title, description, unit, queries }: Panel): object {
  return {
    type: 'timeseries',
    title,
    description,
    datasource,
    fieldConfig: {
      defaults: { unit, min: 0, custom: { lineWidth: 1, fillOpacity: 10, showPoints: 'never' } },
      overrides: [],
    },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint('A'.charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat: legend,
    })),
  };
}
