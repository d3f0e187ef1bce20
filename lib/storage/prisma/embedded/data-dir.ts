import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { canEnter, postgresAccount } from './account.ts'
import { EmbeddedError } from './embedded-error.ts'

/** Secrets of one data directory, made once, readable by its owner alone. */
export interface Secrets {
  databasePassword: string
  /** TIDEMARK_SECRET of the embedded mode. */
  secret: string
}

const ROOT_FALLBACK = '/var/lib/tidemark'

/**
 * Where this checkout keeps its data: `chosen` (TIDEMARK_DATA_DIR), else `.tidemark` in the checkout. Root in
 * a closed checkout (below a 0700 folder, where PostgreSQL's account cannot go) gets a folder of its own under
 * /var/lib/tidemark, the same one each time.
 */
export function dataDirFor(checkout: string, chosen: string | undefined): string {
  if (chosen) return path.resolve(checkout, chosen)
  if (canEnter(postgresAccount(), checkout)) return path.join(checkout, '.tidemark')
  const mark = createHash('sha256').update(checkout).digest('hex').slice(0, 8)
  return path.join(ROOT_FALLBACK, `${path.basename(checkout)}-${mark}`)
}

/**
 * Creates the directory. PostgreSQL's own account must be able to pass through it, but not to list it.
 * @throws EmbeddedError `data_dir_unreachable`
 */
export function prepareDataDir(dataDir: string): void {
  const account = postgresAccount()
  try {
    makeFolders(dataDir)
    chmodSync(dataDir, account === null ? 0o700 : 0o711)
  } catch (error) {
    throw unreachable(dataDir, (error as NodeJS.ErrnoException).code ?? String(error))
  }
  if (!canEnter(account, dataDir)) {
    throw unreachable(dataDir, `EACCES: PostgreSQL runs as user ${account?.name}, who cannot enter it`)
  }
}

/** Level by level: `recursive` of Node 20 tries forever where the system says ENOENT of a parent that is there (/proc). */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return
  const parent = path.dirname(folder)
  if (parent !== folder) makeFolders(parent)
  try {
    mkdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // else another start made it first
  }
}

/**
 * Reads the secrets, making them on first use: beside and renamed, so a crash half-way leaves no file that
 * later starts can't read.
 */
export function readSecrets(dataDir: string): Secrets {
  const file = path.join(dataDir, 'secrets.json')
  if (!existsSync(file)) {
    const made: Secrets = { databasePassword: randomText(), secret: randomText() }
    const beside = `${file}.${process.pid}`
    writeFileSync(beside, JSON.stringify(made, null, 2) + '\n', { mode: 0o600, flush: true })
    renameSync(beside, file)
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Secrets
}

function randomText(): string {
  return randomBytes(32).toString('base64url')
}

function unreachable(dataDir: string, why: string): EmbeddedError {
  return new EmbeddedError(
    'data_dir_unreachable',
    `The data directory ${dataDir} cannot be used (${why}). ` +
      'Set TIDEMARK_DATA_DIR to a directory that this user can write and others can pass through.',
  )
}
