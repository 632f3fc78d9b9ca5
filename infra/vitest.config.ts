import { defineConfig } from 'vitest/config';

/** Two kinds of test: beside the code without I/O (`unit`), and in `test/` on real servers (`integration`). */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    // Most of an integration test is waiting for servers: more files at once than there are cores.
    maxWorkers: 4,
    // Generous, since it only matters when something is wrong: a busy machine must not fail a test.
    expect: { poll: { timeout: 60_000, interval: 25 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Pure code keeps nothing between files, so they may share what they import.
          pool: 'threads',
          isolate: false,
          // Hashing passwords takes long where others compute, too.
          testTimeout: 60_000,
          include: ['{libs,services}/*/src/**/*.test.ts', 'infra/**/src/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{libs,services,infra}/*/test/**/*.test.ts'],
          globalSetup: ['infra/local/src/testing/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
