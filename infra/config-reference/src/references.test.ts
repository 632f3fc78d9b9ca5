import { configSchema as email } from '@postrider/email/config';
import { stackSettings } from '@postrider/local/settings';
import { configSchema as user } from '@postrider/user/config';
import { expect, test } from 'vitest';
import { z } from 'zod';

const examples = [user.in, email.in, stackSettings].flatMap((schema) =>
  Object.entries(schema.shape).map(([name, member]) => ({
    name,
    member,
    example: z.globalRegistry.get(member)?.['example'],
  })),
);
// The others are commands that make a key.
const literal = examples.filter(({ example }) => !String(example).startsWith('$('));

test.each(literal)('the example of $name is allowed: $example', ({ member, example }) => {
  expect(z.safeParse(member, example).error?.issues).toBeUndefined();
});
