import { defineConfig } from 'vitest/config'

/**
 * `pure` needs no database; `simulation` builds processes of its own; `database` shares one embedded
 * PostgreSQL.
 */
export default defineConfig({
  test: {
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['tests/{unit,property,architecture}/**/*.test.{ts,tsx}'],
          setupFiles: ['tests/support/soak-report.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'simulation',
          include: ['tests/simulation/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'database',
          include: ['tests/{contract,api,browser}/**/*.test.ts'],
          globalSetup: ['tests/support/postgres.ts'],
          hookTimeout: 60_000,
          testTimeout: 60_000,
        },
      },
    ],
  },
})
