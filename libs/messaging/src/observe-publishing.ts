import { metrics, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

export type PublishOutcome = 'stored' | 'refused' | 'failed';

interface ObservedEvent {
  readonly eventId: string;
  readonly stream: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly recordedAt: Date;
}

/** Counts what is published, measures how long it took since the commit, and makes it a span of the trace that recorded it. */
export function observePublishing(): {
  /** @returns the headers to publish with, whose trace leads to this publish, and what to call when it has ended */
  begin(event: ObservedEvent): { headers: Readonly<Record<string, string>>; end(outcome: PublishOutcome): void };
} {
  const tracer = trace.getTracer('@postrider/messaging');
  const meter = metrics.getMeter('@postrider/messaging');
  const published = meter.createCounter('postrider.events.published', {
    description: 'Publishes that ended, by outcome: stored, refused (parked in the outbox) or failed (tried again).',
  });
  const lag = meter.createHistogram('postrider.event.publish.lag', {
    description: 'Time from an event’s recording in the outbox until its stream had stored it.',
    unit: 's',
    advice: { explicitBucketBoundaries: lagBounds },
  });
  return {
    begin({ eventId, stream, type, headers, recordedAt }) {
      const recorder = propagation.extract(ROOT_CONTEXT, headers);
      const attributes = {
        'messaging.system': 'nats',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': stream,
        'messaging.message.id': eventId,
      };
      const span = tracer.startSpan(`publish ${type}`, { kind: SpanKind.PRODUCER, attributes }, recorder);
      const carried = { ...headers };
      propagation.inject(trace.setSpan(recorder, span), carried); // Changes nothing while tracing is off.
      return {
        headers: carried,
        end(outcome) {
          published.add(1, { stream, type, outcome });
          if (outcome === 'stored') lag.record((Date.now() - recordedAt.getTime()) / 1_000, { stream });
          else span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
          span.end();
        },
      };
    },
  };
}

const lagBounds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600];
