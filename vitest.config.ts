import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** A file that puts another module in a module's place (cheap passwords, below): only where it shares no modules with others does it get it. */
const MOCKED = 'tests/unit/**/*.mocked.test.{ts,tsx}'

/** Where a test starts servers and its own process is their load. */
const PROCESSES = 'tests/api/processes/**/*.test.ts'

/** Of tests that share embedded PostgreSQLs, one for each worker. */
const DATABASE = { globalSetup: ['tests/support/postgres.ts'] }

/** Half of the time of a file over a database is waiting, which another one can use: two also where there are two processors. */
const WORKERS = Math.max(2, Math.floor(availableParallelism() / 2))

/** What a password costs made 70 s of processor time of those tests, and shows nothing in them. */
const CHEAP_PASSWORDS = [
  {
    find: /^\.\/password-cost\.ts$/,
    replacement: fileURLToPath(new URL('tests/support/cheap-password-cost.ts', import.meta.url)),
  },
]

/** vitest wants a place in its order for those that differ in workers. */
const inOrder = (groupOrder: number, maxWorkers: number) => ({ maxWorkers, sequence: { groupOrder } })

/**
 * `pure` and `mocked` need no database; `simulation` builds processes of its own; `database`, `processes` and `browser`
 * have embedded PostgreSQLs of their own, so that they can run side by side.
 */
export default defineConfig({
  test: {
    // For what hangs; how fast something is, the benches tell.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // As `npm start` runs Node: what is young is collected less often, a twentieth of the time.
    execArgv: ['--max-semi-space-size=64'],
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['tests/{unit,property,architecture}/**/*.test.{ts,tsx}'],
          exclude: [MOCKED],
          setupFiles: ['tests/support/soak-report.ts'],
          // Half of the time went into loading the same modules again for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        resolve: { alias: CHEAP_PASSWORDS },
        test: { name: 'mocked', include: [MOCKED] },
      },
      {
        extends: true,
        test: {
          name: 'simulation',
          include: ['tests/simulation/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: [PROCESSES],
          ...DATABASE,
          // One after the other: side by side on a busy machine, a trial of one ran into the time that it has for hanging. Before
          // those over a database, since they wait for most of their time, which unit tests and the simulation have use for.
          ...inOrder(1, 1),
          // A quarter of the time went into loading the same modules again for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        resolve: { alias: CHEAP_PASSWORDS },
        test: {
          name: 'database',
          include: ['tests/{contract,api}/**/*.test.ts'],
          exclude: [PROCESSES],
          ...DATABASE,
          ...inOrder(2, WORKERS),
          // A fifth of the time went into loading the same modules again for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          ...DATABASE,
          ...inOrder(3, 1),
        },
      },
      {
        extends: true,
        test: { name: 'dev', include: ['tests/launch/**/*.test.ts'], ...inOrder(4, 1) },
      },
    ],
  },
})
