import { defineConfig } from 'vitest/config';

/** `npm run security`: one file after the other, since some of them measure. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    // What npm test tries a few times, too: the corpus of forged tokens, and the abuse cases, with as many callers as they are about.
    include: [
      'infra/security/suite/**/*.security.ts',
      'services/user/src/sessions/tokens/access-token.test.ts',
      'services/user/test/abuse/*.test.ts',
    ],
    env: { ABUSE_SIGN_INS: '10000' },
    globalSetup: ['infra/local/src/testing/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
    expect: { poll: { timeout: 60_000, interval: 25 } },
  },
});
