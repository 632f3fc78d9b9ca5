import { expect, test } from 'vitest';
import { fuzz } from '../src/fuzz.ts';
import { gatewayClients, gatewayDocument } from '../src/gateway-document.ts';
import { securityWorld } from './security-world.ts';

test('two hundred requests made from the API’s own description, valid to hostile, are answered as promised', async () => {
  await using world = await securityWorld({}, 8);
  const { violations, statuses, operations } = await fuzz({
    url: world.service.urls.public,
    knowledge: world.knowledge,
    count: 200,
    seed: 1,
  });
  expect(violations).toEqual([]);
  // It got in, too.
  expect(Object.keys(operations).length).toBeGreaterThan(8);
  expect(operations['GET /v1/me']?.['200'] ?? 0).toBeGreaterThan(0);
  for (const status of ['200', '201', '202', '400', '401', '415']) expect(statuses[status] ?? 0).toBeGreaterThan(0);
}, 300_000);

test('what a gateway asks is answered as promised, too, valid to hostile: forward-auth, ext-authz, auth-request, introspection, revocation', async () => {
  await using world = await securityWorld({ GATEWAY_CLIENTS: gatewayClients }, 8);
  const { violations, statuses, operations } = await fuzz({
    url: world.service.urls.gateway,
    document: gatewayDocument,
    knowledge: world.knowledge,
    count: 300,
    seed: 1,
  });
  expect(violations).toEqual([]);
  expect(Object.keys(operations)).toHaveLength(13);
  for (const operation of ['GET /v1/authz/forward-auth', 'POST /v1/token/introspect', 'POST /v1/token/revoke'])
    expect([operation, operations[operation]?.['200'] ?? 0]).not.toEqual([operation, 0]);
  for (const status of ['400', '401', '415']) expect(statuses[status] ?? 0).toBeGreaterThan(0);
}, 300_000);
