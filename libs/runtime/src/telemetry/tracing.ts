import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.ts';

export interface TracingOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly tracesRatio: number;
  readonly log: Logger;
}

const timeouts = { exportMs: 5_000, lastExportMs: 2_000 };

/** Registers the process's tracer: spans go to the collector in batches, and are dropped while it is away. */
export function startTracing({ name, endpoint, tracesRatio, log }: TracingOptions): AsyncDisposable {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: timeouts.exportMs });
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': name, 'service.namespace': 'postrider' }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(tracesRatio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: sayingSo(exporter, log),
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: timeouts.exportMs,
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  log.info({ endpoint: url }, 'traces are sent');
  return {
    async [Symbol.asyncDispose]() {
      const giveUp = sleep(timeouts.lastExportMs, undefined, { ref: false });
      await Promise.race([provider.shutdown().catch(() => undefined), giveUp]); // A collector that is away was reported already.
      trace.disable();
      propagation.disable();
      context.disable();
    },
  };
}

/** A collector that does not answer is said once, and once again when it does. */
function sayingSo(exporter: SpanExporter, log: Logger): SpanExporter {
  let isAway = false;
  const report = ({ code, error }: ExportResult): void => {
    const failed = code === ExportResultCode.FAILED;
    if (failed && !isAway) log.warn({ err: error }, 'traces are lost: the collector does not take them');
    if (!failed && isAway) log.info('the collector takes traces again');
    isAway = failed;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        report(result);
        done({ code: ExportResultCode.SUCCESS });
      }),
    shutdown: async () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
