import { expect, test } from 'vitest';
import { wantedImages } from './wanted-images.ts';

test('without TEST_INFRA the servers are embedded, whatever images are named', () => {
  expect(wantedImages({})).toBeUndefined();
  expect(wantedImages({ TEST_INFRA: '', TEST_NATS_IMAGE: 'nats:2.14' })).toBeUndefined();
  expect(wantedImages({ TEST_INFRA: 'embedded' })).toBeUndefined();
});

test('each image can be another one', () => {
  expect(wantedImages({ TEST_INFRA: 'containers' })).toEqual({ postgres: 'postgres:18', nats: 'nats:2.15' });
  const images = { TEST_POSTGRES_IMAGE: 'mirror/postgres:18', TEST_NATS_IMAGE: 'nats:2.15-alpine' };
  expect(wantedImages({ TEST_INFRA: 'containers', ...images })).toEqual({
    postgres: 'mirror/postgres:18',
    nats: 'nats:2.15-alpine',
  });
});

test('a word that means nothing is not taken for the default', () => {
  expect(() => wantedImages({ TEST_INFRA: 'docker' })).toThrow("'docker'");
});
