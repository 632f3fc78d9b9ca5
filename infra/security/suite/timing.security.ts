import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { addAccount } from '../../../services/user/test/account-fixture.ts';
import { password, request } from '../../../services/user/test/user-service-fixture.ts';
import { compareTimes } from '../src/compare-times.ts';
import { securityWorld } from '../test/security-world.ts';

const pairs = Number(process.env['TIMING_PAIRS'] ?? 220);
const warmUp = 20;

type Url = string;
const flows: Record<
  string,
  { isVerified: boolean; call: (url: Url, email: string) => Promise<{ status: number }>; status: number }
> = {
  registering: {
    isVerified: true,
    call: (url, email) => request(`${url}/v1/registrations`, 'POST', { email, password }),
    status: 202,
  },
  'asking for the verification again': {
    isVerified: false,
    call: (url, email) => request(`${url}/v1/verifications`, 'POST', { email }),
    status: 202,
  },
  'signing in with a wrong password': {
    isVerified: true,
    call: (url, email) => request(`${url}/v1/sessions`, 'POST', { email, password: 'not the right one at all' }),
    status: 401,
  },
  'asking for a password reset': {
    isVerified: true,
    call: (url, email) => request(`${url}/v1/password-resets`, 'POST', { email }),
    status: 202,
  },
};

// SMTP hangs along with NATS: the service that speaks it hears of nothing. The one under test has no connection to it at all.
test.each(['everything works', 'NATS and with it all mail hang (SIGSTOP)'])(
  '3: while %s, how long an answer takes does not tell whether the address is known',
  async (state) => {
    await using world = await securityWorld();
    const { service, servers } = world;
    const isHanging = state.startsWith('NATS');
    if (isHanging) await servers.nats.hang();
    try {
      const told = [];
      for (const [flow, { call, status, isVerified }] of Object.entries(flows)) {
        const measure = async () => {
          const names = Array.from({ length: pairs + warmUp }, () => randomUUID());
          for (const name of names) await addAccount(servers, `known-${name}`, { isVerified });
          const ask = async (email: string): Promise<void> =>
            expect((await call(service.urls.public, email)).status).toBe(status);
          return compareTimes(
            {
              known: (n) => ask(`known-${names[n]}@example.com`),
              unknown: (n) => ask(`other-${names[n]}@example.com`),
            },
            pairs,
          );
        };
        let { p, medianMs } = await measure();
        // One comparison in a hundred fails where there is no difference, and there are eight: a second look makes that one in ten thousand.
        if (p <= 0.01) ({ p, medianMs } = await measure());
        process.stderr.write(`  ${flow}: p = ${p.toFixed(4)}, medians ${medianMs.known} and ${medianMs.unknown} ms\n`);
        told.push([flow, p > 0.01]);
      }
      expect(told).toEqual(Object.keys(flows).map((flow) => [flow, true]));
    } finally {
      if (isHanging) await servers.nats.goOn();
    }
  },
);
