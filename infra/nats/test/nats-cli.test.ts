import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { natsCli, natsCliPath, testNats, whyNoNatsCli } from '@postrider/local/testing';
import { parseNatsUrl, planTopology } from '@postrider/messaging';
import { expect, test } from 'vitest';
import { topology } from '../src/index.ts';

const folder = join(import.meta.dirname, '..');

test.skipIf(natsCliPath === undefined)(
  `the files are taken by the nats CLI as they are, and the server then has what they declare${whyNoNatsCli}`,
  async () => {
    await using server = await testNats({ topology: { streams: [], consumers: [] } });
    const nats = natsCli(server.urls.operator);
    for (const file of readdirSync(join(folder, 'streams')))
      await nats('stream', 'add', '--config', join(folder, 'streams', file));
    for (const stream of readdirSync(join(folder, 'consumers')))
      for (const file of readdirSync(join(folder, 'consumers', stream)))
        await nats('consumer', 'add', stream, '--config', join(folder, 'consumers', stream, file));

    const nc = await connect(parseNatsUrl(server.urls.operator));
    const plan = await planTopology(nc, topology);
    await nc.close();
    expect(plan.changes.filter(({ action }) => action !== 'keep')).toEqual([]);
    expect(plan.undeclared).toEqual([]);

    const listed = await nats('stream', 'ls');
    for (const { name } of topology.streams) expect(listed).toContain(name);
    expect(await nats('stream', 'info', 'USER_CHALLENGES')).toContain('sealed one-time secrets');
    expect(await nats('consumer', 'info', 'USER_EVENTS', 'email-user-events')).toContain('Email service: mails about');
  },
);
