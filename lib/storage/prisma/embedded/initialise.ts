import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { identity, type Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedError } from './embedded-error.ts'

export const DATABASE_NAME = 'tidemark'
export const OWNER_ROLE = 'tidemark'
const SUPERUSER = 'postgres'

/** PostgreSQL programs see no environment of ours: only what makes them answer the same everywhere. */
export const PROGRAM_ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
} as unknown as NodeJS.ProcessEnv // Next's types demand NODE_ENV of every environment

/**
 * Makes the cluster in `<dataDir>/postgres` unless it exists: initdb, the owner role and the database. It is
 * made in a folder beside and renamed, so a crash half-way leaves nothing that looks finished.
 * The owner role is no superuser, as on a managed PostgreSQL. Row-level security doesn't bind it, which owns the tables: it
 * binds the runtime role, which each transaction takes.
 * @throws EmbeddedError `initdb_failed`
 */
export function initialiseCluster(
  dataDir: string,
  binaries: Binaries,
  account: Account,
  password: string,
): string {
  const cluster = path.join(dataDir, 'postgres')
  if (existsSync(path.join(cluster, 'PG_VERSION'))) return cluster
  removeLeftovers(dataDir)
  const beside = path.join(dataDir, `postgres.new-${randomUUID()}`)
  const passwordFile = `${beside}.password`
  mkdirSync(beside, { mode: 0o700 })
  writeFileSync(passwordFile, password + '\n', { mode: 0o600, flag: 'wx' })
  giveTo(account, beside, passwordFile)
  const run = { ...identity(account), env: PROGRAM_ENVIRONMENT, cwd: '/', stdio: 'pipe' as const }
  try {
    const accounts = ['-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`]
    execFileSync(binaries.initdb, ['-D', beside, ...accounts, '-E', 'UTF8', '--locale=C'], run)
    const single = ['--single', '-c', 'exit_on_error=on', '-D', beside, SUPERUSER]
    execFileSync(binaries.postgres, single, { ...run, input: firstStatements(password) })
  } catch (error) {
    rmSync(beside, { recursive: true, force: true })
    throw new EmbeddedError(
      'initdb_failed',
      `PostgreSQL could not make its files in ${dataDir}: ${outputOf(error)}`,
    )
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(beside, cluster)
  return cluster
}

/** One statement a line: that is how the single-user mode reads. The password is base64url: no quotes in it. */
function firstStatements(password: string): string {
  return [
    `CREATE ROLE ${OWNER_ROLE} LOGIN CREATEROLE CREATEDB PASSWORD '${password}'`,
    `CREATE DATABASE ${DATABASE_NAME} OWNER ${OWNER_ROLE}`,
    '',
  ].join('\n')
}

/** Only the owner of the data directory comes here, so what another start left beside is dead. */
function removeLeftovers(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (name.startsWith('postgres.new-')) rmSync(path.join(dataDir, name), { recursive: true, force: true })
  }
}

function giveTo(account: Account, ...paths: string[]): void {
  if (account === null) return
  for (const each of paths) chownSync(each, account.uid, account.gid)
}

function outputOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: Buffer; message: string }
  return String(stderr ?? '').trim() || message
}
