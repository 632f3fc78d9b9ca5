import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Pool, PoolClient } from 'pg';

/**
 * Measures every query of a pool, and makes those that are part of a trace spans of it: what runs by itself (probes, housekeeping) would
 * only be noise there. A span is named by what is done to which table; the text stays out of it, since the ORM writes values
 * into that.
 */
export function observeQueries(pool: Pool): void {
  const tracer = trace.getTracer('@postrider/runtime');
  const duration = metrics.getMeter('@postrider/runtime').createHistogram('db.client.operation.duration', {
    description: 'Time until a query of the service’s own pool was answered.',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10] },
  });
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    const observed = (...parameters: unknown[]): unknown => {
      const text = textOf(parameters[0]);
      const operation = operationOf(text);
      const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation };
      const isTraced = trace.getActiveSpan()?.isRecording() === true;
      const span = isTraced
        ? tracer.startSpan(summaryOf(operation, text), { kind: SpanKind.CLIENT, attributes })
        : undefined;
      const started = performance.now();
      const result = query(...parameters);
      if (!(result instanceof Promise)) return result; // A stream or a callback: nobody here uses them.
      const end = (failed: boolean): void => {
        duration.record((performance.now() - started) / 1_000, {
          ...attributes,
          ...(failed && { 'error.type': 'query' }),
        });
        if (failed) span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      };
      result.then(
        () => end(false),
        () => end(true),
      );
      return result;
    };
    client.query = observed as PoolClient['query']; // The same call, observed.
  });
}

function textOf(first: unknown): string {
  if (typeof first === 'string') return first;
  return typeof first === 'object' && first !== null && 'text' in first ? String(first.text) : '';
}

/** `INSERT`, `SELECT`, `WITH`, `BEGIN` … : few, so that they can be a label. */
function operationOf(text: string): string {
  return /^\s*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? 'QUERY';
}

/** `INSERT outbox_event`: the operation and the first table that is named; a function of rows is none. */
function summaryOf(operation: string, text: string): string {
  const table = /\b(?:from|into|update)\s+"?(\w+)\b(?!\()/i.exec(text)?.[1];
  return table === undefined ? operation : `${operation} ${table}`;
}
