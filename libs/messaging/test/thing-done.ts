import { defineEvent } from '@postrider/contracts';
import { z } from 'zod';

/** Under the user service's subjects, so that its permissions and ours are the ones of production. */
export const thingDone = defineEvent({
  name: 'user.thing_done',
  version: 1,
  stream: 'USER_EVENTS',
  aggregate: 'userId',
  description: 'A thing was done.',
  schema: z.object({ userId: z.string(), n: z.int() }),
  pii: [],
  sample: { userId: 'u', n: 1 },
});
