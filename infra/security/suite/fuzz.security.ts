import { expect, test } from 'vitest';
import { fuzz } from '../src/fuzz.ts';
import { gatewayClients, gatewayDocument } from '../src/gateway-document.ts';
import { securityWorld } from '../test/security-world.ts';

/** FUZZ_COUNT and FUZZ_SEED: to go on elsewhere, or to look again at what one run found. */
const count = Number(process.env['FUZZ_COUNT'] ?? 100_000);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

test.each([
  { listener: 'public', document: undefined, of: 'the API’s own description' },
  { listener: 'gateway', document: gatewayDocument, of: 'what gateways ask' },
] as const)(
  `$listener: ${count} requests made from $of are answered as promised (seed ${seed})`,
  async ({ listener, document }) => {
    await using world = await securityWorld({ GATEWAY_CLIENTS: gatewayClients });
    const started = performance.now();
    const { violations, statuses, operations } = await fuzz({
      url: world.service.urls[listener],
      ...(document !== undefined && { document }),
      knowledge: world.knowledge,
      count,
      seed,
      onViolation: (what) => void process.stderr.write(`  ${what}\n`),
      onProgress(done, so) {
        if (done % 5_000 === 0) process.stderr.write(`  ${done} of ${count}: ${JSON.stringify(so)}\n`);
      },
    });
    const seconds = (performance.now() - started) / 1_000;
    process.stderr.write(`  ${Math.round(count / seconds)} requests/s. ${JSON.stringify(operations, undefined, 1)}\n`);
    expect(violations).toEqual([]);
    expect(Object.keys(statuses).filter((status) => status >= '500')).toEqual([]);
  },
);
