import { type BatchObservableCallback, metrics } from '@opentelemetry/api';
import type { ClientBase } from 'pg';
import { outboxStatus } from './outbox-status.ts';

/** Offers the outbox's state as metrics, looked up at each scrape; while the database does not answer there are none. */
export function observeOutbox(client: Pick<ClientBase, 'query'>): Disposable {
  const meter = metrics.getMeter('@postrider/outbox');
  const pending = meter.createObservableGauge('postrider.outbox.pending', {
    description: 'Events that wait to be published, up to 100000.',
  });
  const oldest = meter.createObservableGauge('postrider.outbox.oldest', {
    description: 'Age of the oldest event that waits.',
    unit: 's',
  });
  const parked = meter.createObservableGauge('postrider.outbox.parked', {
    description: 'Events that a stream refuses, and those behind them.',
  });
  const instruments = [pending, oldest, parked];
  const look: BatchObservableCallback = async (result) => {
    const status = await outboxStatus(client);
    const waiting = Object.values(status.pending).reduce((sum, count) => sum + count, 0);
    result.observe(pending, waiting);
    result.observe(oldest, status.oldestSeconds);
    result.observe(parked, status.parked);
  };
  meter.addBatchObservableCallback(look, instruments);
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(look, instruments) };
}
