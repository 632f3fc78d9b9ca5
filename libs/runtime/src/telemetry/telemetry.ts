import type { HealthPart } from '../health.ts';
import type { Logger } from '../logger.ts';

/**
 * What a running service tells about itself. The code speaks to `@opentelemetry/api` alone, which does nothing until this has
 * registered something behind it; what is behind it is loaded only when it is asked for, so that off costs nothing. Both halves
 * are the process's: the second service in one process gets none.
 */
export interface Telemetry extends AsyncDisposable {
  /** The figures of now, in Prometheus' text format; undefined when metrics are off. */
  readonly metrics: (() => Promise<string>) | undefined;
}

export interface TelemetryOptions {
  /** The service, as traces and dashboards call it. */
  readonly name: string;
  readonly metricsEnabled: boolean;
  /** Where an OpenTelemetry collector takes OTLP over HTTP: `http://localhost:4318`. Undefined: no traces. */
  readonly tracesEndpoint: string | undefined;
  /** Share of the traces begun here that are kept, 0 to 1; a caller's own decision is followed. */
  readonly tracesRatio: number;
  /** Asked at each scrape. */
  readonly health: readonly HealthPart[];
  readonly log: Logger;
}

/** Start it before everything that is to be seen; disposing it sends what has been gathered, for two seconds at most. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  await using starting = new AsyncDisposableStack();
  const { tracesEndpoint: endpoint } = options;
  if (endpoint !== undefined) {
    const { startTracing } = await import('./tracing.ts');
    starting.use(startTracing({ ...options, endpoint }));
  }
  const metrics = options.metricsEnabled
    ? starting.use((await import('./metrics.ts')).startMetrics(options.health, options.log))
    : undefined;
  const running = starting.move();
  return { metrics: metrics?.read, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
