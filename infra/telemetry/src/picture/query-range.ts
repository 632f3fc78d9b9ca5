import { z } from 'zod';

/** Unix time in seconds, both ends included. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly stepSeconds: number;
}

/** Unix time in seconds, and the value then. */
export type Point = readonly [time: number, value: number];

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** In the order of time; without those at which there was no number. */
  readonly points: readonly Point[];
}

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

/**
 * The series that a PromQL expression gives over a span. https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
 * @throws when Prometheus refuses the query, with what it said
 */
export async function queryRange(prometheusUrl: string, query: string, span: Span): Promise<Series[]> {
  const url = new URL('/api/v1/query_range', prometheusUrl);
  const { start, end, stepSeconds } = span;
  url.search = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${stepSeconds}` }).toString();
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`Prometheus refuses ${query}: ${text}`);
  const series = answer.parse(JSON.parse(text)).data.result.map(({ metric, values }) => ({
    labels: metric,
    points: values.map(([time, value]): Point => [time, Number(value)]).filter(([, value]) => Number.isFinite(value)),
  }));
  return series.filter(({ points }) => points.length > 0);
}
