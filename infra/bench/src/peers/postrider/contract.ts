import { defineEvent } from '@postrider/contracts';
import { z } from 'zod';

/** An event like the product's own, with a number to find it by. */
export const accountOpened = defineEvent({
  name: 'account.opened',
  version: 1,
  stream: 'BENCH',
  aggregate: 'userId',
  description: 'An account was opened.',
  schema: z.object({
    userId: z.uuid(),
    i: z.int(),
    email: z.string(),
    name: z.string(),
    occurredAt: z.iso.datetime(),
  }),
  pii: ['email', 'name'],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    i: 1,
    email: 'user1@example.test',
    name: 'User Number 1',
    occurredAt: '2026-11-24T09:00:00.000Z',
  },
});
