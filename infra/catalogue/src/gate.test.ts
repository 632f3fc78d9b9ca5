import { type Deprecation, defineEvent, type EventContract } from '@postrider/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { catalogueOf } from './catalogue.ts';
import { judgeContracts } from './gate.ts';

const shape = {
  userId: z.uuid().describe('The account.'),
  email: z.string(),
  nickname: z.string().optional(),
  source: z.enum(['self', 'admin']),
  count: z.int().min(0).max(10),
  tags: z.array(z.string()).min(1),
  address: z.object({ city: z.string(), zip: z.string().optional() }),
  until: z.iso.datetime().nullable(),
  code: z.string().max(8).regex(/^\d+$/),
};

interface Definition {
  name: `${string}.${string}`;
  version: number;
  stream: string;
  aggregate: string;
  description: string;
  shape: z.ZodRawShape;
  pii: string[];
  sample: Record<string, unknown>;
  deprecated?: Deprecation;
}

const definition: Definition = {
  name: 'user.registered',
  version: 1,
  stream: 'USER_EVENTS',
  aggregate: 'userId',
  description: 'An account was created.',
  shape,
  pii: ['email'],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    email: 'ada@example.com',
    source: 'self',
    count: 1,
    tags: ['new'],
    address: { city: 'London' },
    until: null,
    code: '42',
  },
};

const contract = ({ shape, ...more }: Definition): EventContract => defineEvent({ ...more, schema: z.object(shape) });
const changed = (change: Partial<Definition>): EventContract => contract({ ...definition, ...change });
const withField = (name: string, schema: z.ZodType): EventContract => changed({ shape: { ...shape, [name]: schema } });
const without = (name: keyof typeof shape): EventContract =>
  changed({ shape: Object.fromEntries(Object.entries(shape).filter(([key]) => key !== name)) });

const head = '# What changed\n';
const judge = (
  now: readonly EventContract[],
  { before = [contract(definition)], changelog = head, today = '2026-11-28' } = {},
) => judgeContracts({ catalogue: catalogueOf(before), changelog: head }, now, { changelog, today });

const endsIn = (until: string): EventContract => changed({ deprecated: { until, successor: 'user.registered.v2' } });

test.each<[string, readonly EventContract[], RegExp]>([
  ['a field is removed', [without('nickname')], /field `nickname` removed/],
  [
    'a field is renamed',
    [contract({ ...definition, shape: { ...withoutShape('nickname'), nick: z.string().optional() } })],
    /field `nickname` removed/,
  ],
  ['a required field is added', [withField('extra', z.string())], /required field `extra` added/],
  [
    'an optional field becomes required',
    [withField('nickname', z.string())],
    /optional field `nickname` became required/,
  ],
  [
    'a required field may be absent',
    [withField('email', z.string().optional())],
    /required field `email` may be absent/,
  ],
  ['a type changes', [withField('count', z.string())], /type of `count` changed from "integer" to "string"/],
  ['an integer becomes any number', [withField('count', z.number().min(0).max(10))], /type of `count` changed/],
  ['a field becomes nullable', [withField('email', z.string().nullable())], /type of `email` changed/],
  ['a field is no longer nullable', [withField('until', z.iso.datetime())], /`until`/],
  ['a value of an enumeration goes', [withField('source', z.enum(['self']))], /`source` lost the value "admin"/],
  [
    'a value of an enumeration comes',
    [withField('source', z.enum(['self', 'admin', 'import']))],
    /`source` got the value "import"/,
  ],
  ['an enumeration becomes any text', [withField('source', z.string())], /`source` is no longer held to enum/],
  ['a text becomes an enumeration', [withField('email', z.enum(['a', 'b']))], /`email` is now held to enum/],
  ['a lower limit rises', [withField('count', z.int().min(1).max(10))], /minimum of `count` changed from 0 to 1/],
  ['an upper limit rises', [withField('count', z.int().min(0).max(11))], /maximum of `count` changed from 10 to 11/],
  ['a limit appears', [withField('email', z.string().max(254))], /`email` is now held to maxLength 254/],
  ['a limit goes', [withField('code', z.string().regex(/^\d+$/))], /`code` is no longer held to maxLength 8/],
  [
    'a pattern changes',
    [
      withField(
        'code',
        z
          .string()
          .max(8)
          .regex(/^[a-z]+$/),
      ),
    ],
    /pattern of `code` changed/,
  ],
  ['a format appears', [withField('email', z.email())], /`email` is now held to format "email"/],
  ['a format is held narrower', [withField('userId', z.uuidv7())], /`userId` is now held to pattern/],
  ['a list takes other items', [withField('tags', z.array(z.int()).min(1))], /type of `tags\[\]` changed/],
  ['a list may be empty', [withField('tags', z.array(z.string()))], /`tags` is no longer held to minItems/],
  [
    'a nested field is removed',
    [withField('address', z.object({ zip: z.string().optional() }))],
    /field `address\.city` removed/,
  ],
  [
    'a nested required field is added',
    [withField('address', z.object({ ...shape.address.shape, street: z.string() }))],
    /required field `address\.street` added/,
  ],
  ['the stream changes', [changed({ stream: 'OTHER_EVENTS' })], /stream changed from USER_EVENTS to OTHER_EVENTS/],
  ['the subject ends in another member', [changed({ aggregate: 'code' })], /subject changed .*\{userId\}.*\{code\}/],
  [
    'it is renamed',
    [changed({ name: 'user.signed_up' })],
    /user\.registered\.v1: withdrawn without having been deprecated/,
  ],
  ['the version is raised in place', [changed({ version: 2 })], /user\.registered\.v1: withdrawn/],
  ['it is withdrawn', [], /withdrawn without having been deprecated/],
  ['personal data is no longer said to be', [changed({ pii: [] })], /`email` is no longer marked as personal data/],
  ['the golden sample changes', [changed({ sample: { ...definition.sample, count: 2 } })], /golden sample changed/],
])('refused: %s', (_what, now, reason) => {
  const { refusals } = judge(now);
  expect(refusals.join('\n')).toMatch(reason);
});

test.each<[string, readonly EventContract[], RegExp]>([
  ['nothing', [contract(definition)], /^$/],
  ['the order of fields', [changed({ shape: Object.fromEntries(Object.entries(shape).toReversed()) })], /^$/],
  ['an optional field', [withField('extra', z.string().optional())], /optional field `extra` added/],
  [
    'a nested optional field',
    [withField('address', z.object({ ...shape.address.shape, country: z.string().optional() }))],
    /`address\.country` added/,
  ],
  [
    'a reworded field',
    [withField('email', z.string().describe('Where mail goes.'))],
    /description of `email` reworded/,
  ],
  ['a reworded event', [changed({ description: 'Somebody came.' })], /description reworded/],
  ['examples of values', [withField('email', z.string().meta({ examples: ['a@b.example'] }))], /examples of `email`/],
  [
    'the order of values',
    [withField('source', z.enum(['admin', 'self']))],
    /`source` lists its values in another order/,
  ],
  ['more that is personal', [changed({ pii: ['email', 'nickname'] })], /`nickname` is marked as personal data/],
  [
    'a version beside the old one',
    [
      contract(definition),
      changed({
        version: 2,
        shape: { userId: shape.userId },
        pii: [],
        sample: { userId: definition.sample['userId'] },
      }),
    ],
    /v2`: published for the first time/,
  ],
  ['a deprecation', [endsIn('2027-06-30')], /deprecated until 2027-06-30 in favour of `user\.registered\.v2`/],
])('allowed, if the CHANGELOG says so: %s', (_what, now, line) => {
  const { refusals, missing } = judge(now);
  expect(refusals).toEqual([]);
  expect(missing.join('\n')).toMatch(line);
  const told = judge(now, { changelog: `${head}\n## 2026-11-28\n\n${missing.join('\n')}\n` });
  expect(told.missing).toEqual([]);
});

test('a deprecated version may go when its day is over, not before, and the day may not come earlier', () => {
  const before = [endsIn('2027-06-30')];
  expect(judge([], { before, today: '2027-06-30' }).refusals).toEqual([
    'user.registered.v1: withdrawn although it was promised until 2027-06-30.',
  ]);
  expect(judge([], { before, today: '2027-07-01' })).toMatchObject({ refusals: [], changes: [{ isBreaking: false }] });
  expect(judge([endsIn('2027-01-01')], { before }).refusals.join()).toContain('earlier than was promised (2027-06-30)');
  expect(judge([endsIn('2028-01-01')], { before }).refusals).toEqual([]);
  expect(judge([contract(definition)], { before }).refusals).toEqual([]);
});

test.each([
  ['another contract', '- **Breaking** `user.locked.v1`: field `nickname` removed. Nobody reads it.'],
  ['another field', '- **Breaking** `user.registered.v1`: field `source` removed. Nobody reads it.'],
  ['the change, and does not call it breaking', '- `user.registered.v1`: field `nickname` removed.'],
])('a breaking change does not pass by a line about %s', (_what, line) => {
  expect(judge([without('nickname')], { changelog: `${head}\n${line}\n` }).refusals).toHaveLength(1);
});

test('a breaking change passes when a new line of the CHANGELOG decides so', () => {
  const line = '- **Breaking** `user.registered.v1`: field `nickname` removed. Nobody has subscribed yet.';
  expect(judge([without('nickname')], { changelog: `${head}\n${line}\n` })).toMatchObject({
    refusals: [],
    missing: [],
  });
});

test('an old line of the CHANGELOG decides nothing', () => {
  const line = '- **Breaking** `user.registered.v1`: field `nickname` removed. Nobody has subscribed yet.';
  const changelog = `${head}\n${line}\n`;
  const published = { catalogue: catalogueOf([contract(definition)]), changelog };
  const today = '2026-11-28';
  expect(judgeContracts(published, [without('nickname')], { changelog, today }).refusals).toHaveLength(1);
  const twice = `${changelog}${line}\n`;
  expect(judgeContracts(published, [without('nickname')], { changelog: twice, today }).refusals).toEqual([]);
});

test.each<[string, z.ZodType, RegExp]>([
  [
    'a refinement',
    z.string().refine((text) => text.length % 2 === 0),
    /registered\.v1\.\w+\.extra has a check that no JSON Schema can tell/,
  ],
  ['a trim', z.string().trim(), /has a check that no JSON Schema can tell/],
  ['a default', z.string().default('x'), /changes what it parses/],
  ['a transform', z.string().transform(Number), /[Tt]ransform/],
  ['a strict object', z.strictObject({ a: z.string() }), /refuses unknown members/],
  ['a date', z.date(), /[Dd]ate/],
])('a contract that hides %s can not be published', (_what, schema, reason) => {
  expect(() => catalogueOf([withField('extra', schema)])).toThrow(reason);
});

test('a change of the envelope is judged as well', () => {
  const catalogue = catalogueOf([contract(definition)]);
  // A catalogue of ours: its envelope is an object's schema.
  const { properties, ...envelope } = catalogue.envelope as { properties: Record<string, object> };
  const before = {
    ...catalogue,
    envelope: { ...envelope, properties: { ...properties, 'ce-tenant': { type: 'string' } } },
  };
  const { refusals } = judgeContracts({ catalogue: before, changelog: head }, [contract(definition)], {
    changelog: head,
    today: '2026-11-28',
  });
  expect(refusals).toEqual(['envelope: field `ce-tenant` removed.']);
});

function withoutShape(name: keyof typeof shape): z.ZodRawShape {
  return Object.fromEntries(Object.entries(shape).filter(([key]) => key !== name));
}
