import { expect, test } from 'vitest';
import { subjectMatches } from './subject-matches.ts';

test.for([
  ['user.v1.registered.*', 'user.v1.registered.ada', true],
  ['user.v1.registered.*', 'user.v1.registered', false],
  ['user.v1.*.ada', 'user.v1.registered.eve', false],
  ['user.retry.crm.>', 'user.retry.crm.user.v1.registered.ada', true],
  ['user.retry.crm.>', 'user.retry.crm', false],
  ['>', 'user', true],
] as const)('%s and %s: %s', ([filter, subject, matches]) => {
  expect(subjectMatches(filter, subject)).toBe(matches);
});
