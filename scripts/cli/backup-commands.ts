import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Context } from '#lib/application/context.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { verifyAudit } from '#lib/application/audit/verify-audit.ts'
import { noteBackup } from '#lib/application/restores/note-backup.ts'
import { epochAfter } from '#lib/application/restores/raise-epochs.ts'
import { restoreGap } from '#lib/application/restores/restore-gap.ts'
import { noteRestore } from '#lib/application/restores/note-restore.ts'
import type { AuditHead } from '#lib/storage/ports.ts'
import { BackupError } from '#lib/storage/prisma/backup/backup-error.ts'
import { checkDatabase, checkRestored, finishRestore } from '#lib/storage/prisma/backup/finish-restore.ts'
import type { CheckResult } from '#lib/storage/prisma/backup/invariants.ts'
import { loadBackup } from '#lib/storage/prisma/backup/restore-backup.ts'
import { takeBackup } from '#lib/storage/prisma/backup/take-backup.ts'
import { resolveDatabase, type ResolvedDatabase } from '#lib/storage/prisma/embedded/resolve-database.ts'
import { migrationState } from '#lib/storage/prisma/migrate.ts'
import { CliError } from './cli-error.ts'
import { openStorage } from './open-context.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const PRISMA_ROOT = path.join(ROOT, 'prisma')

type Answer = Readonly<Record<string, unknown>>
type Environment = NodeJS.ProcessEnv

const NO_PROBLEMS = 'none'

const appVersion = (): string =>
  (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }).version

/**
 * `backup --out FILE`: beside a running server, or without one. Of the database as it is, migrated by this version or not:
 * it is what one does before an upgrade.
 */
export async function backup(environment: Environment, out: string): Promise<Answer> {
  const database = await resolveDatabase(ROOT, environment)
  try {
    const { directUrl, secret } = database
    const lacks = await lackOf(directUrl)
    const file = path.resolve(out)
    const startedMs = performance.now()
    const taken = await takeBackup({ directUrl, secret, appVersion: appVersion(), file })
    const { header, bytes } = taken
    const { id, takenAt } = header
    const rows = Object.values(taken.rows).reduce((sum, count) => sum + count, 0)
    if (lacks === null)
      await withStorage(database, environment, (ctx) =>
        noteBackup(ctx, { actor: SYSTEM, backupId: id, takenAt, rows, bytes }),
      )
    const tookMs = Math.round(performance.now() - startedMs)
    const auditLog = lacks === null ? 'noted' : `not noted: ${lacks}`
    return { file, id, takenAt, fleets: header.fleets.length, rows, bytes, auditLog, tookMs }
  } catch (error) {
    throw inWords(error)
  } finally {
    await database.release()
  }
}

/** Null where the database is as this version needs it to read and write by its ports; otherwise why not. */
async function lackOf(directUrl: string): Promise<string | null> {
  const { applied, pending } = await migrationState(directUrl, PRISMA_ROOT)
  if (applied.length === 0) throw new CliError('this database has no tables of Tidemark: nothing is in it')
  return pending.length === 0 ? null : `the database lacks ${pending.length} migrations of this version`
}

async function withStorage<T>(
  database: ResolvedDatabase,
  environment: Environment,
  use: (ctx: Context) => Promise<T>,
): Promise<T> {
  const { ctx, close } = await openStorage(database, environment)
  try {
    return await use(ctx)
  } finally {
    await close()
  }
}

export interface RestoreLine {
  readonly from: string
  readonly epoch: number | null
  readonly unproven: boolean
}

/** `restore --from FILE`: into an empty database on which no server runs. */
export async function restore(environment: Environment, line: RestoreLine): Promise<Answer> {
  const database = await resolveDatabase(ROOT, environment)
  try {
    requireNoServer(database)
    const startedMs = performance.now()
    const { directUrl, secret } = database
    const { from, epoch, unproven } = line
    const loaded = await loadBackup({
      directUrl,
      secret,
      prismaRoot: PRISMA_ROOT,
      file: path.resolve(from),
      epoch,
      unproven,
      epochAfter: (before) => epochAfter(before, Date.now()),
      configAtLeast: epochAfter(0, Date.now()),
    })
    const ofData = await checkRestored({ directUrl, prismaRoot: PRISMA_ROOT }, loaded)
    const checks = await withStorage(database, environment, async (ctx) => {
      const all = [...ofData, await checkChain(ctx, loaded.auditHead)]
      await noteRestore(ctx, { actor: SYSTEM, loaded, problems: problemsOf(all) })
      return all
    })
    await finishRestore(directUrl)
    const { backupId, takenAt, proven, fleets } = loaded
    const rows = Object.values(loaded.rows).reduce((sum, count) => sum + count, 0)
    const tookMs = Math.round(performance.now() - startedMs)
    const epochs = Object.fromEntries(fleets.map((fleet) => [fleet.id, [fleet.epochBefore, fleet.epoch]]))
    return { backupId, takenAt, proven, rows, epochs, ...verdictOf(checks), tookMs }
  } catch (error) {
    throw inWords(error)
  } finally {
    await database.release()
  }
}

/** `restore check`: what a restore checks, of the database as it is; beside a running server too. */
export async function restoreCheck(environment: Environment): Promise<Answer> {
  const database = await resolveDatabase(ROOT, environment)
  try {
    const lacks = await lackOf(database.directUrl)
    const ofData = await checkDatabase(database.directUrl)
    if (lacks !== null) return { ...verdictOf(ofData), auditChain: `not checked: ${lacks}` }
    return verdictOf([...ofData, await withStorage(database, environment, (ctx) => checkChain(ctx, null))])
  } finally {
    await database.release()
  }
}

/** `restore gap`: of each fleet that was restored, what had been acknowledged after the backup, as far as devices told. */
export async function gapsOf(ctx: Context, fleetId: string | null, withIds: boolean): Promise<Answer> {
  const fleets = await ctx.storage.fleets.list()
  const gaps: Record<string, unknown> = {}
  for (const { id } of fleets.filter((fleet) => fleetId === null || fleet.id === fleetId)) {
    const gap = await restoreGap(ctx, id, withIds)
    if (gap) gaps[id] = gap
  }
  return { gaps }
}

const inWords = (error: unknown): unknown =>
  error instanceof BackupError ? new CliError(error.message) : error

function requireNoServer({ serverUrl }: ResolvedDatabase): void {
  if (serverUrl === null) return
  throw new BackupError(
    'target_in_use',
    `A server runs on this data directory (${serverUrl}): stop it first, or name another TIDEMARK_DATA_DIR. Nothing was changed.`,
  )
}

const problemsOf = (checks: readonly CheckResult[]): readonly string[] =>
  checks
    .filter(({ found }) => found > 0)
    .map(({ law, id, what, found }) => `${law} ${id}: ${what} (${found})`)

/** The audit chain, by this server's secret: of a backup by another one it can't hold. `head`: one of its links by the file. */
async function checkChain(ctx: Context, head: AuditHead | null): Promise<CheckResult> {
  const { firstBad } = await verifyAudit(ctx, { heads: head === null ? [] : [head] })
  const what = firstBad?.what ?? 'the audit chain is broken'
  return { id: 'audit_chain', law: 'O', what, found: firstBad === null ? 0 : 1 }
}

/** Whether a restore, or a check, found something that is not as it must be. */
export const hasProblems = ({ problems }: Answer): boolean => problems !== NO_PROBLEMS

function verdictOf(checks: readonly CheckResult[]): Answer {
  const problems = problemsOf(checks)
  return { checks: checks.length, problems: problems.length === 0 ? NO_PROBLEMS : problems.join('; ') }
}
