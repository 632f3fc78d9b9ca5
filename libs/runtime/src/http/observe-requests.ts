import {
  type Context,
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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
  { listener, levelOf }: { listener: string; levelOf: (status: number) => 'info' | 'debug' },
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
      const active = trace.setSpan(caller, span);
      const carrier: { traceparent?: string } = {};
      propagation.inject(active, carrier); // Nothing is injected while tracing is off.
      if (carrier.traceparent !== undefined)
        request.trace = { traceId: span.spanContext().traceId, traceparent: carrier.traceparent };
      spans.set(request, { span, active });
    }
    request.log = request.log.child({ reqId: request.id, traceId: request.trace.traceId });
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
    request.log[levelOf(status)](
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

/** What the router matched: few, so that they can be a label. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

/** Asked every few seconds by machines: they would hide everything else. */
function isProbe(route: string): boolean {
  return route === '/livez' || route === '/readyz' || route === '/metrics';
}
