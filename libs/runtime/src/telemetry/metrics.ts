import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { MeterProvider, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { HealthPart } from '../health.ts';
import type { Logger } from '../logger.ts';
import { observeProcess } from './process-metrics.ts';

export interface Metrics extends AsyncDisposable {
  /** What has been counted since the start, in Prometheus' text format, version 0.0.4. */
  read(): Promise<string>;
}

/** Registers the process's meter. Instruments must be made after this: an earlier one counts nothing. */
export function startMetrics(health: readonly HealthPart[], log: Logger): Metrics {
  const reader = new PrometheusExporter({ preventServerStart: true }); // Read on our own listener.
  const provider = new MeterProvider({ readers: [reader], resource: emptyResource() });
  metrics.setGlobalMeterProvider(provider);
  const processMetrics = observeProcess(health);
  const serializer = new PrometheusSerializer('', false, undefined, true, true);
  return {
    async read() {
      const { resourceMetrics, errors } = await reader.collect();
      // A part that is away can't be counted; the others can, and its postrider_part_up says so.
      if (errors.length > 0) log.debug({ err: new AggregateError(errors) }, 'some metrics could not be read');
      return serializer.serialize(withUnits(resourceMetrics));
    },
    async [Symbol.asyncDispose]() {
      metrics.disable();
      processMetrics[Symbol.dispose]();
      await provider.shutdown();
    },
  };
}

/** Prometheus says the unit in the name (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/); the serializer does not. */
function withUnits(all: ResourceMetrics): ResourceMetrics {
  const scopeMetrics = all.scopeMetrics.map((scope) => ({
    ...scope,
    metrics: scope.metrics.map((metric) => {
      const { name, unit } = metric.descriptor;
      return { ...metric, descriptor: { ...metric.descriptor, name: `${name}${suffixes[unit] ?? ''}`, unit: '' } };
    }),
  }));
  return { ...all, scopeMetrics };
}

const suffixes: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };
