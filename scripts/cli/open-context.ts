import { createHmac, randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Context } from '#lib/application/context.ts'
import { createContext } from '#lib/application/create-context.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { resolveDatabase, type ResolvedDatabase } from '#lib/storage/prisma/embedded/resolve-database.ts'
import { applyMigrations, migrationState } from '#lib/storage/prisma/migrate.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { CliError } from './cli-error.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const PRISMA_ROOT = path.join(ROOT, 'prisma')

export interface CliDatabase {
  readonly ctx: Context
  readonly database: ResolvedDatabase
  /** Where people open the console. */
  readonly baseUrl: string
  close(): Promise<void>
}

/** The application without its periodic work, on the database that a running server uses, or on its own. */
export async function openContext(environment: NodeJS.ProcessEnv): Promise<CliDatabase> {
  const database = await resolveDatabase(ROOT, environment)
  try {
    await requireMigrated(database, environment)
    const opened = await openStorage(database, environment)
    const close = async () => {
      await opened.close()
      await database.release()
    }
    return { ...opened, database, close }
  } catch (error) {
    await database.release()
    throw error
  }
}

/** The same on a database that the caller has, and closes. */
export async function openStorage(
  database: ResolvedDatabase,
  environment: NodeJS.ProcessEnv,
): Promise<Omit<CliDatabase, 'database'>> {
  const secret = Buffer.from(database.secret)
  const storage = await openPostgresStorage({ url: database.databaseUrl, secret })
  const ctx = createContext({
    storage,
    clock: { now: Date.now },
    random: Math.random,
    ids: () => uuidv7(Date.now(), Math.random),
    secret,
    // Commands make no sync tokens.
    mac: (bytes) => createHmac('sha256', secret).update(bytes).digest(),
    log: { info: () => {}, warn: console.error, error: console.error },
    // Commands call nobody.
    egress: createEgress(new EgressGuard([])),
    metrics: createMetrics(),
    processId: randomUUID(),
    processName: 'command line',
    origin: baseUrlOf(database, environment),
  })
  return { ctx, baseUrl: baseUrlOf(database, environment), close: () => storage.close() }
}

/** `migrate`: the names of the migrations that were applied now. */
export async function migrate(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const database = await resolveDatabase(ROOT, environment)
  try {
    return await applyMigrations(database.directUrl, PRISMA_ROOT)
  } finally {
    await database.release()
  }
}

/** Our own database is brought up to date on the way; somebody else's only when told to. */
async function requireMigrated(
  { directUrl }: ResolvedDatabase,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  if (!environment['DATABASE_URL']) {
    await applyMigrations(directUrl, PRISMA_ROOT)
    return
  }
  const { pending } = await migrationState(directUrl, PRISMA_ROOT)
  if (pending.length > 0) {
    throw new CliError(
      `the database lacks ${pending.length} migrations: run \`npm run tidemark -- migrate\` first`,
    )
  }
}

function baseUrlOf({ serverUrl }: ResolvedDatabase, environment: NodeJS.ProcessEnv): string {
  const url = environment['TIDEMARK_URL'] || serverUrl || `http://127.0.0.1:${environment['PORT'] || 3000}`
  return url.replace(/\/+$/, '')
}
