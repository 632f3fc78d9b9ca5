import { expect, test } from 'vitest';
import { type FinalAccount, judgeHistory, type PersonHistory } from './history.ts';

const email = 'a@example.com';
const account: FinalAccount = { email, isVerified: false, registrations: 1, verifications: 0, resets: 0 };

test.each<[string, PersonHistory['operations'], FinalAccount[]]>([
  ['registered', [{ kind: 'register', outcome: 'ok' }], [account]],
  ['perhaps registered', [{ kind: 'register', outcome: 'unknown' }], []],
  ['perhaps registered, and so it was', [{ kind: 'register', outcome: 'unknown' }], [account]],
  ['refused', [{ kind: 'register', outcome: 'lost' }], []],
  [
    'verified',
    [
      { kind: 'register', outcome: 'ok' },
      { kind: 'confirm', outcome: 'unknown' },
      { kind: 'confirm', outcome: 'lost' },
    ],
    [{ ...account, isVerified: true, verifications: 1 }],
  ],
  [
    'set a new password',
    [
      { kind: 'register', outcome: 'ok' },
      { kind: 'forget', outcome: 'ok' },
      { kind: 'reset', outcome: 'unknown' },
      { kind: 'reset', outcome: 'lost' },
    ],
    [{ ...account, isVerified: true, verifications: 1, resets: 1 }],
  ],
])('whoever %s has nothing to complain of', (_who, operations, accounts) => {
  expect(judgeHistory([{ email, operations }], accounts)).toEqual([]);
});

test.each<[string, PersonHistory['operations'], FinalAccount[]]>([
  ['told that the registration is accepted', [{ kind: 'register', outcome: 'ok' }], []],
  ['refused every time', [{ kind: 'register', outcome: 'lost' }], [account]],
  ['registered 2 times', [{ kind: 'register', outcome: 'ok' }], [{ ...account, registrations: 2 }]],
  [
    'told that the address is verified',
    [
      { kind: 'register', outcome: 'ok' },
      { kind: 'confirm', outcome: 'ok' },
    ],
    [account],
  ],
  ['never confirmed', [{ kind: 'register', outcome: 'ok' }], [{ ...account, isVerified: true, verifications: 1 }]],
  [
    'confirmed more than once',
    [
      { kind: 'register', outcome: 'ok' },
      { kind: 'confirm', outcome: 'ok' },
      { kind: 'confirm', outcome: 'ok' },
    ],
    [{ ...account, isVerified: true, verifications: 1 }],
  ],
  [
    'told that the new password is set',
    [
      { kind: 'register', outcome: 'ok' },
      { kind: 'reset', outcome: 'ok' },
    ],
    [{ ...account, isVerified: true, verifications: 1 }],
  ],
])('catches who was %s', (what, operations, accounts) => {
  const [first] = judgeHistory([{ email, operations }], accounts);
  expect(first?.text).toContain(what);
});

test('catches an account that nobody asked for', () => {
  expect(judgeHistory([], [account])).toHaveLength(1);
});
