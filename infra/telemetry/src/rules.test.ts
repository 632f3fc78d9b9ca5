import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { documentedMetrics } from './documented-metrics.ts';
import { dashboardPath, documentationPath, rulesPath } from './files.ts';
import { grafanaDashboard } from './grafana.ts';
import { rows } from './panels.ts';
import { askedBy } from './promql.ts';

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

const rules = (parse(await readFile(rulesPath, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const readme = await readFile(documentationPath, 'utf8');
/** Prometheus' own, and the labels that it gives every series that it scrapes. */
const ofPrometheus = new Map([['up', ['job', 'instance']]]);
const ofEverything = ['job', 'instance'];

test('every metric and label that the dashboard and the alerts ask for is one that the services expose', () => {
  const promised = new Map([...documentedMetrics(readme), ...ofPrometheus]);
  const recorded = new Set(rules.map(({ record }) => record));
  const exprs = [...rules.map(({ expr }) => expr), ...rows.flatMap(({ panels }) => panels).flatMap(exprsOf)];
  const wrong = exprs.flatMap((expr) => {
    const asked = askedBy(expr).filter(({ metric }) => !recorded.has(metric));
    const known = new Set([...ofEverything, ...asked.flatMap(({ metric }) => promised.get(metric) ?? [])]);
    const noMetrics = asked.filter(({ metric }) => !promised.has(metric)).map(({ metric }) => `no metric ${metric}`);
    const noLabels = asked.flatMap(({ metric, labels }) =>
      labels.filter((label) => !known.has(label)).map((label) => `${metric} has no label ${label}`),
    );
    return [...noMetrics, ...noLabels];
  });
  expect(wrong).toEqual([]);
  expect(exprs.flatMap(askedBy).length).toBeGreaterThan(40);
});

test('a bound of a histogram is asked for as Prometheus 2 and as Prometheus 3 writes it', () => {
  const bounds = rules.flatMap(({ expr }) => [...expr.matchAll(/\ble(=~?)"([^"]*)"/g)]);
  expect(bounds.length).toBeGreaterThan(3);
  for (const [matcher, operator, pattern = ''] of bounds) {
    const isMatch = (bound: string): boolean => operator === '=~' && new RegExp(`^(?:${pattern})$`).test(bound);
    expect(matcher, 'le=~"30([.]0)?"').toSatisfy(() => isMatch('30') && isMatch('30.0'));
  }
});

test('a query is asked for its metrics and labels, not for its functions', () => {
  expect(
    askedBy('sum by (le, job) (rate(a_bucket{part="x",le!="1"}[5m])) / on (job) b:c offset 5m > 0.1 unless d == 0'),
  ).toEqual(['a_bucket', 'b:c', 'd'].map((metric) => ({ metric, labels: ['part', 'le', 'job'] })));
});

test('the file that Grafana loads is made of the panels', async () => {
  const written: unknown = JSON.parse(await readFile(dashboardPath, 'utf8'));
  expect(written, 'node infra/telemetry/src/main.ts writes it').toEqual(grafanaDashboard());
});

test('every alert says what it means, how bad it is, and what to do', () => {
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  expect(alerts.length).toBeGreaterThan(9);
  const words = expect.stringMatching(/\w/);
  const complete = {
    labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
    annotations: { summary: words, action: words },
  };
  for (const alert of alerts) expect(alert).toMatchObject(complete);
  const unnamed = alerts.filter(({ alert }) => !readme.includes(`\`${alert}\``));
  expect(unnamed, 'alerts that the README does not name').toEqual([]);
});

function exprsOf({ queries }: { readonly queries: readonly { readonly expr: string }[] }): string[] {
  return queries.map(({ expr }) => expr);
}
