import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { metrics, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startTelemetry } from '../src/telemetry/telemetry.ts';

const root = join(import.meta.dirname, '..');

/** What a process loads that starts telemetry like that, and nothing else. */
async function loadedBy(settings: { metricsEnabled: boolean; tracesEndpoint?: string }): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ load: (url, context, next) => (loaded.add(url), next(url, context)) });
    const { startTelemetry } = await import('@postrider/runtime/telemetry');
    const log = { info() {} };
    await using telemetry = await startTelemetry({ name: 'test', tracesRatio: 1, health: [], log, ...${JSON.stringify(settings)} });
    const packages = [...loaded].map((url) => /.*node_modules\\/(@opentelemetry\\/[\\w-]+)\\//.exec(url)?.[1]);
    console.log(JSON.stringify([...new Set(packages)].filter(Boolean).sort()));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root });
  return JSON.parse(stdout) as string[];
}

test('off loads nothing; each half loads only its own', async () => {
  const tracesEndpoint = 'http://127.0.0.1:1';
  expect(await loadedBy({ metricsEnabled: false })).toEqual([]);
  const forMetrics = await loadedBy({ metricsEnabled: true });
  expect(forMetrics).toContain('@opentelemetry/sdk-metrics');
  expect(forMetrics).not.toContain('@opentelemetry/sdk-trace');
  expect(await loadedBy({ metricsEnabled: false, tracesEndpoint })).toContain('@opentelemetry/sdk-trace');
});

test('figures carry their unit in the name, and the parts’ states are among them', async () => {
  let status: 'up' | 'down' = 'up';
  const health = [{ name: 'database', required: true, check: () => ({ status }) }];
  const log = pino({ level: 'silent' });
  const options = { name: 'test', metricsEnabled: true, tracesEndpoint: undefined, tracesRatio: 1, health, log };
  await using telemetry = await startTelemetry(options);
  metrics.getMeter('test').createHistogram('test.duration', { unit: 's' }).record(0.2, { kind: 'a' });
  expect(await telemetry.metrics?.()).toContain('test_duration_seconds_sum{kind="a"} 0.2');
  expect(await telemetry.metrics?.()).toContain('postrider_part_up{part="database"} 1');
  status = 'down';
  expect(await telemetry.metrics?.()).toContain('postrider_part_up{part="database"} 0');
});

test('a collector that is away is said once, and holds up neither work nor stop', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const options = {
    name: 'test',
    metricsEnabled: false,
    tracesEndpoint: 'http://127.0.0.1:1',
    tracesRatio: 1,
    health: [],
    log,
  };
  const telemetry = await startTelemetry(options);
  for (let spans = 0; spans < 3; spans++) trace.getTracer('test').startSpan('work').end();
  await expect.poll(() => lines.filter((line) => line.includes('traces are lost')).length, { timeout: 20_000 }).toBe(1);
  trace.getTracer('test').startSpan('work').end();
  await telemetry[Symbol.asyncDispose]();
  expect(lines.filter((line) => line.includes('traces are lost')).length).toBe(1);
  expect(trace.getTracer('test').startSpan('after').isRecording()).toBe(false);
});
