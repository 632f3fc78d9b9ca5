import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { default as addFormats } from 'ajv-formats';
import { expect, test } from 'vitest';
import { atTier, serverConfigPath, topology } from './index.ts';

const advisories = topology.consumers.filter(({ stream_name: stream }) => stream === 'ADVISORIES');
const durables = topology.consumers
  .filter(({ stream_name: stream }) => stream !== 'ADVISORIES')
  .map(({ stream_name: stream, config }) => ({
    stream,
    durable: config.durable_name,
    isEverGivenUp: config.max_deliver > 0,
  }));

test.each(durables.filter(({ isEverGivenUp }) => isEverGivenUp))(
  'what the server gives up of $durable is swept by somebody',
  ({ stream, durable }) => {
    const subject = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${durable}`;
    expect(advisories.flatMap(({ config }) => config.filter_subjects)).toContain(subject);
  },
);

test.each(durables)('whoever consumes $durable may settle, mark and bury what it gets', ({ stream, durable }) => {
  const permissions = readFileSync(serverConfigPath, 'utf8');
  for (const subject of [`$JS.ACK.${stream}.${durable}.>`, `suspect.${durable}.>`, `dead.${durable}.>`])
    expect(permissions).toContain(`"${subject}"`);
});

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);
const validatorOf = (name: string, stricter: object = {}): ValidateFunction => {
  const path = join(import.meta.dirname, `../schemas/${name}_configuration.json`);
  return ajv.compile({ ...JSON.parse(readFileSync(path, 'utf8')), ...stricter });
};
const isStream = validatorOf('stream');
const isConsumer = validatorOf('consumer', { additionalProperties: false }); // The official one lets any name pass.

test.each(topology.streams)('the stream $name is what the official schema demands, and explains itself', (stream) => {
  isStream(stream);
  expect(isStream.errors).toBeNull();
  expect(stream.description?.length).toBeGreaterThan(20);
  expect(stream.max_bytes).toBeGreaterThan(0);
});

test.each(topology.consumers.map(({ config }) => config))(
  'the durable $durable_name is what the official schema demands, and explains itself',
  (config) => {
    isConsumer(config);
    expect(isConsumer.errors).toBeNull();
    expect(config.description?.length).toBeGreaterThan(20);
  },
);

test('the schemas refuse a setting that does not exist', () => {
  expect(isStream({ ...topology.streams[0], max_aeg: 1 })).toBe(false);
  expect(isConsumer({ ...topology.consumers[0]?.config, ack_wiat: 1 })).toBe(false);
});

test('from tier T1 on every stream has three replicas, and says so where its tier is declared', () => {
  const { streams } = atTier(topology, 'T1');
  expect(streams.map(({ num_replicas: replicas }) => replicas)).toEqual(streams.map(() => 3));
  expect(streams.find(({ name }) => name === 'USER_EVENTS')?.metadata).toEqual({ 'postrider.durability': 'T1' });
  expect(streams.find(({ name }) => name === 'SUSPECTS')?.metadata).toBeUndefined();
});
