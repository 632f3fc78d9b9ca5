import {
  type Attributes,
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { ArrivedMessage, HeaderReader } from './arrived-message.ts';

/** What became of a delivery: done, to come again, in the dead letters, or unknown since the server could not be told. */
export type DeliveryOutcome = 'handled' | 'retried' | 'dead' | 'unsettled';

export interface DeliveryObserver {
  /**
   * Runs one delivery as a span of the trace that its message carries; what the work asks of databases and mail servers is below it.
   *
   * @param work gets the headers of trace context that lead to this delivery; empty while tracing is off
   */
  observe(
    message: Pick<ArrivedMessage, 'info'>,
    header: HeaderReader,
    work: (trace: Readonly<Record<string, string>>) => Promise<DeliveryOutcome>,
  ): Promise<void>;
}

export interface ObservedSubscription {
  readonly durable: string;
  readonly stream: string;
  /** Of events that have a handler; others share one label. */
  readonly types: { has(type: string): boolean };
  readonly isOpen: () => boolean;
}

export function observeDeliveries({ durable, stream, types, isOpen }: ObservedSubscription): DeliveryObserver {
  const tracer = trace.getTracer('@postrider/messaging');
  const meter = metrics.getMeter('@postrider/messaging');
  const handled = meter.createCounter('postrider.events.handled', {
    description: 'Deliveries that ended, by outcome: handled, retried, dead (see the dead letters) or unsettled.',
  });
  const duration = meter.createHistogram('postrider.event.handle.duration', {
    description: 'Time from a message’s arrival until it was settled.',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600] },
  });
  const lag = meter.createHistogram('postrider.event.handle.lag', {
    description: 'Time from an event’s recording in the outbox until it was handled.',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600] },
  });
  const gauge = (name: string, description: string, read: () => number): void =>
    meter.createObservableGauge(name, { description }).addCallback((result) => result.observe(read(), { durable }));
  let busy = 0;
  gauge('postrider.handlers.busy', 'Handlers at work.', () => busy);
  gauge('postrider.intake.open', '1 while messages are taken in, 0 while a dependency is waited for.', () =>
    isOpen() ? 1 : 0,
  );

  return {
    async observe(message, header, work) {
      const named = header('ce-type') ?? '';
      const type = types.has(named) ? named : 'other';
      const publisher = propagation.extract(ROOT_CONTEXT, {
        traceparent: header('traceparent') ?? '',
        tracestate: header('tracestate') ?? '',
      });
      const attributes: Attributes = {
        'messaging.system': 'nats',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': stream,
        'messaging.destination.subscription.name': durable,
        'messaging.message.id': header('ce-id') ?? '',
        'postrider.stream_sequence': message.info.streamSequence,
        'postrider.delivery': message.info.deliveryCount,
      };
      const span = tracer.startSpan(`process ${type}`, { kind: SpanKind.CONSUMER, attributes }, publisher);
      const active = trace.setSpan(publisher, span);
      const carrier: Record<string, string> = {};
      propagation.inject(active, carrier);
      const started = performance.now();
      busy++;
      const outcome = await context.with(active, () => work(carrier)).finally(() => busy--);
      const labels = { durable, type, outcome };
      handled.add(1, labels);
      duration.record((performance.now() - started) / 1_000, labels);
      const recordedAt = Date.parse(header('ce-time') ?? '');
      if (outcome === 'handled' && !Number.isNaN(recordedAt))
        lag.record(Math.max(0, Date.now() - recordedAt) / 1_000, { durable, type });
      span.setAttribute('postrider.outcome', outcome);
      if (outcome !== 'handled') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
      span.end();
    },
  };
}
