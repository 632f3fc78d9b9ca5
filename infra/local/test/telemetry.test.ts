import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePortOffset } from '../src/ports/free-port-offset.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';
import { type CollectedSpan, startOtlpCollector } from './otlp-collector.ts';
import { person, runStack } from './running-stack.ts';

const documented = join(import.meta.dirname, '../../telemetry/README.md');

test('one trace from the request to the mail server; every metric is documented, and every documented one is there', async () => {
  await using folder = await createTempFolder('telemetry');
  await using collector = await startOtlpCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  const portOffset = await freePortOffset();
  await using stack = await runStack({ dataDir: join(folder.path, 'data'), portOffset, env });
  const info = await stack.info();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const caller = 'b7ad6b7169203331';
  const ada = person(info, 'ada@example.com');
  await ada.register({ traceparent: `00-${traceId}-${caller}-01` });
  const { token } = await ada.secrets();

  const ofTrace = (): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  const chains = (): string[] => ofTrace().map((span) => pathTo(span, ofTrace()));
  const request = 'user: POST /v1/registrations';
  const issued = `${request} > user: publish challenge.email_verification_issued.v1`;
  const handled = `${issued} > email: process challenge.email_verification_issued.v1`;
  await expect
    .poll(chains)
    .toEqual(
      expect.arrayContaining([
        `${request} > user: WITH outbox_event`,
        `${request} > user: COMMIT`,
        `${request} > user: publish user.registered.v1`,
        `${handled} > email: smtp send`,
        `${handled} > email: WITH mail`,
        `${handled} > email: publish email.sent.v1`,
      ]),
    );
  expect(ofTrace().find((span) => span.name === 'POST /v1/registrations')?.parentSpanId).toBe(caller);
  const linked = collector.spans.filter(({ name }) => name === 'relay page').flatMap(({ links }) => links ?? []);
  expect(linked.filter((link) => link.traceId === traceId).length).toBeGreaterThanOrEqual(2);
  const told = JSON.stringify(collector.spans);
  expect([token, 'ada@example.com', 'correct horse'].filter((secret) => told.includes(secret))).toEqual([]);

  const scraped = await Promise.all([`${info.adminUrl}/metrics`, `${info.emailUrl}/metrics`].map(metricNames));
  const rows = (await readFile(documented, 'utf8')).matchAll(/^\| `([a-z]\w+)` \|/gm);
  expect([...new Set(scraped.flat())].toSorted()).toEqual([...rows].map(([, name = '']) => name).toSorted());
  expect(await metricNames(`${info.userUrl}/metrics`)).toEqual([]);
});

/** The span's name behind those of its ancestors, outermost first. */
function pathTo(span: CollectedSpan, all: readonly CollectedSpan[]): string {
  const parent = all.find(({ spanId }) => spanId === span.parentSpanId);
  const own = `${span.service}: ${span.name}`;
  return parent === undefined ? own : `${pathTo(parent, all)} > ${own}`;
}

async function metricNames(url: string): Promise<string[]> {
  const text = await (await fetch(url)).text();
  return [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name);
}
