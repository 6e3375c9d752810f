import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'dashboard/**/*.test.{ts,tsx}'],
    globalSetup: ['tests/support/global-setup.ts'],
    testTimeout: 60_000,
    maxConcurrency: 4,
    // Most tests wait for another process most of the time: on two cores, one at a time would leave one idle.
    maxWorkers: 2,
    hookTimeout: 120_000,
  },
})
