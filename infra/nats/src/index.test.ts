import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { serverConfigPath, topology } from './index.ts';

const advisories = topology.consumers.filter(({ stream_name: stream }) => stream === 'ADVISORIES');
const durables = topology.consumers
  .filter(({ stream_name: stream }) => stream !== 'ADVISORIES')
  .map(({ stream_name: stream, config }) => ({ stream, durable: config.durable_name }));

test.each(durables)('what the server gives up of $durable is swept by somebody', ({ stream, durable }) => {
  const subject = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${durable}`;
  expect(advisories.flatMap(({ config }) => config.filter_subjects)).toContain(subject);
});

test.each(durables)('whoever consumes $durable may settle, mark and bury what it gets', ({ stream, durable }) => {
  const permissions = readFileSync(serverConfigPath, 'utf8');
  for (const subject of [`$JS.ACK.${stream}.${durable}.>`, `suspect.${durable}.>`, `dead.${durable}.>`])
    expect(permissions).toContain(`"${subject}"`);
});
