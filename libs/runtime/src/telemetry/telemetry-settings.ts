/* oxlint-disable typescript/explicit-module-boundary-types -- the type of a zod schema is its definition */
import type { z } from 'zod';
import { variable } from '../config.ts';
import type { TelemetryOptions } from './telemetry.ts';

/** The part of a service's environment that telemetry reads, to be spread into the service's own schema. */
export const telemetrySettings = {
  METRICS_ENABLED: variable.flag(true).meta({
    group: 'Telemetry',
    description:
      '`/metrics` in Prometheus’ format, on the listener of operators where there is one. `false` loads nothing of it.',
    example: 'false',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable.url(['http', 'https']).optional().meta({
    description:
      'An OpenTelemetry collector that takes OTLP over HTTP. Without it there are no traces, and nothing of them is loaded.',
    example: 'http://otel-collector:4318',
  }),
  OTEL_TRACES_SAMPLER_ARG: variable.ratio(1).meta({
    description: 'Share of the traces begun here that are kept. A caller’s own decision is followed.',
    example: '0.1',
  }),
};

export type TelemetryConfig = Pick<TelemetryOptions, 'metricsEnabled' | 'tracesEndpoint' | 'tracesRatio'>;

export function telemetryOf(env: z.output<z.ZodObject<typeof telemetrySettings>>): TelemetryConfig {
  return {
    metricsEnabled: env.METRICS_ENABLED,
    tracesEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    tracesRatio: env.OTEL_TRACES_SAMPLER_ARG,
  };
}
