import { register } from 'tsx/esm/api'
import { ROOT } from '../setup/project.mjs'
import { runNode } from '../setup/run.mjs'
import { ALREADY, step, StepError } from '../setup/step.mjs'
import { readSettingFiles } from './setting-files.mjs'

// The supervision is TypeScript; the packages are installed by the time this module is loaded.
const unregister = register()
const { dataDirFor } = await import('../../lib/storage/prisma/embedded/data-dir.ts')
const { supervisePostgres } = await import('../../lib/storage/prisma/embedded/supervise.ts')
const { EnvError, readEnv } = await import('../../lib/env.ts')
const { directUrlOf } = await import('../../lib/storage/prisma/direct-url.ts')
const { migrationState } = await import('../../lib/storage/prisma/migrate.ts')
await unregister()

/**
 * @typedef {object} Database
 * @property {Record<string, string>} environment what the server and the commands need to use it
 * @property {Promise<Error>} lost
 * @property {(serverUrl: string) => void} publish
 * @property {() => Promise<void>} stop
 */

/** Starts the embedded PostgreSQL, or takes DATABASE_URL; migrated when it returns. @returns {Promise<Database>} */
export async function openDatabase() {
  await readSecrets()
  const dataDir = dataDirFor(ROOT, process.env.TIDEMARK_DATA_DIR)
  const database = process.env.DATABASE_URL
    ? await step('settings', () => externalDatabase(dataDir))
    : await step('database', () => embeddedDatabase(dataDir))
  try {
    await step('migrate', () => migrate(database.environment))
    return database
  } catch (error) {
    await database.stop()
    throw error
  }
}

/** Without a line of its own: most starts have no such files. */
async function readSecrets() {
  try {
    readSettingFiles(process.env)
  } catch (error) {
    await step('settings', () => Promise.reject(new StepError(error.message, '')))
  }
}

/** @param {string} dataDir @returns {Promise<Database>} */
async function embeddedDatabase(dataDir) {
  const chosen = process.env.TIDEMARK_DATA_DIR || dataDir.startsWith(ROOT)
  if (!chosen) console.log(`data in ${dataDir} (PostgreSQL's account cannot enter ${ROOT})`)
  const log = (line) => console.error(line)
  const postgres = await supervisePostgres({ dataDir, log }).catch((error) => {
    throw new StepError(error.message, '')
  })
  const secret = process.env.TIDEMARK_SECRET || postgres.secret
  return {
    environment: {
      DATABASE_URL: postgres.databaseUrl,
      DATABASE_DIRECT_URL: postgres.databaseUrl,
      TIDEMARK_SECRET: secret,
      TIDEMARK_DATA_DIR: dataDir,
      // No load balancer watches /readyz of a server on one machine: nothing to wait for.
      TIDEMARK_DRAIN_MS: process.env.TIDEMARK_DRAIN_MS ?? '0',
    },
    lost: postgres.lost,
    publish: (serverUrl) => postgres.instance.publish({ serverUrl }),
    stop: () => postgres.stop(),
  }
}

/** Its settings are a person's: checked before anything is asked of them. @param {string} dataDir @returns {Database} */
function externalDatabase(dataDir) {
  try {
    readEnv(process.env)
  } catch (error) {
    throw error instanceof EnvError ? new StepError(error.message, '') : error
  }
  const environment = { TIDEMARK_DATA_DIR: dataDir }
  return { environment, lost: new Promise(() => {}), publish: () => {}, stop: async () => {} }
}

/** @param {Record<string, string>} environment */
async function migrate(environment) {
  const url = directUrlOf({ ...process.env, ...environment })
  const state = await migrationState(url, `${ROOT}/prisma`).catch((error) => {
    const known = error.name === 'MigrationError'
    throw new StepError(
      error.message || error.code,
      known ? '' : 'Check that DATABASE_URL names a server that answers.',
    )
  })
  if (state.pending.length === 0) return ALREADY
  const { code, output } = await runNode(['--import', 'tsx', 'scripts/migrate.ts'], environment)
  if (code !== 0) throw new StepError('the database could not be migrated', 'See the message below.', output)
}
