import { defineConfig } from 'vitest/config';

/** One process a file: servers, vaults and signal handlers of one file never meet those of another. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.setup.ts'],
    pool: 'forks',
    // On two cores: half of the time tests wait for servers.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 30_000,
    reporters: process.env['CI'] ? ['default'] : ['default'],
  },
});
