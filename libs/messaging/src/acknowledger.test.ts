import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createAcknowledger } from './acknowledger.ts';

test('what ends in one turn is acknowledged together, and each confirmation is its own', async () => {
  const sent: string[] = [];
  const message = (name: string) => ({
    ackAck: async () => {
      sent.push(name);
      if (name === 'lost') throw new Error('No answer.');
      return true;
    },
  });
  const acknowledger = createAcknowledger();
  const first = acknowledger.confirm(message('first'));
  const lost = acknowledger.confirm(message('lost'));
  await Promise.resolve();
  const last = acknowledger.confirm(message('last'));
  expect(sent).toEqual([]);
  const confirmed = Promise.allSettled([first, lost, last]);
  await endOfTurn();
  expect(sent).toEqual(['first', 'lost', 'last']);
  expect((await confirmed).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('what ends in a later turn does not wait for earlier confirmations', async () => {
  const { promise: never } = Promise.withResolvers<boolean>();
  const acknowledger = createAcknowledger();
  void acknowledger.confirm({ ackAck: async () => never });
  await endOfTurn();
  await expect(acknowledger.confirm({ ackAck: async () => true })).resolves.toBeUndefined();
});
