import { natsCli, natsCliPath, whyNoNatsCli } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { startOpsWorld } from './ops-world.ts';

test.skipIf(natsCliPath === undefined)(
  `nats micro finds the services, says what they are, and hears how they are${whyNoNatsCli}`,
  async () => {
    await using world = await startOpsWorld();
    const nats = natsCli(world.nats.urls.operator);
    await expect.poll(() => nats('micro', 'ls')).toMatch(/email.*Transactional mail[^]*user.*Accounts: registers/);
    expect(await nats('micro', 'ping')).toMatch(/email[^]*user|user[^]*email/);
    const told = await nats('micro', 'info', 'email');
    expect(told).toContain('Transactional mail: sends what events ask for');
    expect(told).toContain('svc.email.health');
    expect(await nats('micro', 'stats', 'user')).toContain('health');
    expect(await nats('request', 'svc.user.health', '', '--replies', '1')).toContain('"status":"ready"');
  },
);
