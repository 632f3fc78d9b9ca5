import { monitorEventLoopDelay } from 'node:perf_hooks';
import { metrics } from '@opentelemetry/api';
import type { HealthPart } from '../health.ts';

/** Each sample wakes the process: at fifty a second an idle service did little else. */
const sampleMs = 250;

/** Figures of the process itself, and the parts' states as `/readyz` tells them. */
export function observeProcess(health: readonly HealthPart[]): Disposable {
  const meter = metrics.getMeter('@postrider/runtime');
  const delay = monitorEventLoopDelay({ resolution: sampleMs });
  delay.enable();
  const gauge = (name: string, description: string, unit: string, read: () => number): void =>
    meter.createObservableGauge(name, { description, unit }).addCallback((result) => result.observe(read()));

  meter
    .createObservableCounter('process.cpu.time', { description: 'CPU time used, user and system.', unit: 's' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  gauge('process.memory.usage', 'Resident memory.', 'By', () => process.memoryUsage.rss());
  gauge('process.uptime', 'Time since the process began.', 's', () => process.uptime());
  gauge('nodejs.eventloop.delay.p99', 'Delay of the event loop since the last scrape, 99th percentile.', 's', () => {
    const seconds = delay.count === 0 ? 0 : delay.percentile(99) / 1e9 - sampleMs / 1_000; // It counts from sample to sample.
    delay.reset();
    return Math.max(0, seconds);
  });
  meter
    .createObservableGauge('postrider.part.up', { description: '1 while a part works, as /readyz says; 0 while not.' })
    .addCallback((result) => {
      for (const part of health) result.observe(part.check().status === 'up' ? 1 : 0, { part: part.name });
    });
  return { [Symbol.dispose]: () => void delay.disable() };
}
