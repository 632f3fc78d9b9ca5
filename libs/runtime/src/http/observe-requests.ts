import {
  type Context,
  context,
  isSpanContextValid,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../logger.ts';
import { continueTrace, type Trace } from '../trace.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs: the caller's trace goes on, or a new one starts. */
    trace: Trace;
  }
}

/** A trace, a request id, a log line, a span and a duration for every request. The line's level may depend on the answer's status. */
export function observeRequests(
  server: FastifyInstance,
  { listener, log, levelOf }: { listener: string; log: Logger; levelOf: (status: number) => 'info' | 'debug' },
): void {
  const spans = new WeakMap<FastifyRequest, { span: Span; active: Context }>();
  const tracer = trace.getTracer('@postrider/runtime');
  const duration = metrics.getMeter('@postrider/runtime').createHistogram('http.server.request.duration', {
    description: 'Time from the first byte of a request to the end of its answer.',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
  });

  server.addHook('onRequest', (request, reply, done) => {
    const route = routeOf(request);
    const header = request.headers['traceparent'];
    request.trace = continueTrace(typeof header === 'string' ? header : undefined);
    if (!isProbe(route)) {
      const caller = propagation.extract(ROOT_CONTEXT, request.headers);
      const attributes = { 'http.request.method': request.method, 'http.route': route, 'postrider.listener': listener };
      const span = tracer.startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, caller);
      // While tracing is off there are no spans, only stand-ins for them.
      if (isSpanContextValid(span.spanContext())) spans.set(request, { span, active: enter(span, caller, request) });
    }
    reply.header('cache-control', 'no-store').header('x-request-id', request.id);
    done();
  });
  // After the body was read: what comes from the socket's events is outside of every context that began before.
  server.addHook('preValidation', (request, _reply, done) => {
    const active = spans.get(request)?.active;
    if (active === undefined) done();
    else context.with(active, done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request);
    if (isProbe(route)) return done();
    const { statusCode: status, elapsedTime } = reply;
    const level = levelOf(status);
    if (log.isLevelEnabled(level))
      logOf(request)[level](
        { method: request.method, route, status, durationMs: Math.round(elapsedTime * 10) / 10 },
        'request answered',
      );
    duration.record(elapsedTime / 1_000, {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': status,
      listener,
    });
    const span = spans.get(request)?.span.setAttribute('http.response.status_code', status);
    if (status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    return done();
  });
}

/** The request goes on under its span. */
function enter(span: Span, caller: Context, request: FastifyRequest): Context {
  const active = trace.setSpan(caller, span);
  const carrier: { traceparent?: string } = {};
  propagation.inject(active, carrier);
  if (carrier.traceparent !== undefined)
    request.trace = { traceId: span.spanContext().traceId, traceparent: carrier.traceparent };
  return active;
}

/** Writes lines with the ids of a request. Made when there is something to say: most requests to a gateway's listener say nothing. */
export function logOf(request: FastifyRequest): FastifyBaseLogger {
  return request.log.child({ reqId: request.id, traceId: request.trace?.traceId });
}

/** What the router matched: few, so that they can be a label. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

/** Asked every few seconds by machines: they would hide everything else. */
function isProbe(route: string): boolean {
  return route === '/livez' || route === '/readyz' || route === '/metrics';
}
