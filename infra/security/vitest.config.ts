import { defineConfig } from 'vitest/config';

/** `npm run security`: one file after the other, since some of them measure. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['infra/security/suite/**/*.security.ts'],
    globalSetup: ['infra/local/src/testing/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
    expect: { poll: { timeout: 60_000, interval: 25 } },
  },
});
