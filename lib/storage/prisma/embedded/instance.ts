import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { EmbeddedError } from './embedded-error.ts'
import { startMark } from './processes.ts'

/** What `instance.json` says about the Tidemark that owns a data directory; the file is 0600. */
export interface Instance {
  pid: number
  startMark: string
  /** Where the server answers; null before it does, or when only a command holds the directory. */
  serverUrl: string | null
  databaseUrl: string | null
}

export interface OwnedInstance {
  /** Tells other commands of this directory where the server and the database are. */
  publish(change: Partial<Pick<Instance, 'serverUrl' | 'databaseUrl'>>): void
  release(): void
}

const TAKE_ATTEMPTS = 5

/** The live owner of the directory, or null (the file of an owner that was killed counts as none). */
export function currentInstance(dataDir: string): Instance | null {
  const instance = readInstance(fileOf(dataDir))
  return instance && isAlive(instance) ? instance : null
}

/**
 * Makes this process the owner of the directory. A hard link is created or refused as one step, so of two
 * that start together one wins.
 * @throws EmbeddedError `data_dir_in_use`
 */
export function takeInstance(dataDir: string): OwnedInstance {
  const file = fileOf(dataDir)
  const own: Instance = {
    pid: process.pid,
    startMark: startMark(process.pid) ?? '',
    serverUrl: null,
    databaseUrl: null,
  }
  for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt++) {
    if (linkNew(file, own)) return ownedInstance(file, own)
    const holder = readInstance(file)
    if (holder && isAlive(holder)) throw inUse(holder.pid)
    removeStale(file, holder)
  }
  throw inUse(readInstance(file)?.pid ?? 0)
}

function ownedInstance(file: string, own: Instance): OwnedInstance {
  let current = own
  return {
    publish(change) {
      current = { ...current, ...change }
      const beside = `${file}.${process.pid}`
      writeFileSync(beside, JSON.stringify(current), { mode: 0o600 })
      renameSync(beside, file)
    },
    release() {
      if (readInstance(file)?.pid === process.pid) rmSync(file, { force: true })
    },
  }
}

function linkNew(file: string, own: Instance): boolean {
  const beside = `${file}.${process.pid}`
  writeFileSync(beside, JSON.stringify(own), { mode: 0o600 })
  try {
    linkSync(beside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(beside, { force: true })
  }
}

/** Moves a dead owner's file away, and back if it turns out to be that of a new, live one. */
function removeStale(file: string, seen: Instance | null): void {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return // another process moved it first
    throw error
  }
  const moved = readInstance(aside)
  if (moved && (moved.pid !== seen?.pid || moved.startMark !== seen.startMark) && isAlive(moved)) {
    linkSync(aside, file)
  }
  rmSync(aside, { force: true })
}

function readInstance(file: string): Instance | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Instance
  } catch {
    return null // absent, or cut short by a crash: nobody owns the directory by it
  }
}

function isAlive(instance: Instance): boolean {
  return startMark(instance.pid) === instance.startMark
}

function fileOf(dataDir: string): string {
  return path.join(dataDir, 'instance.json')
}

function inUse(pid: number): EmbeddedError {
  return new EmbeddedError(
    'data_dir_in_use',
    `Another Tidemark uses this data dir (pid ${pid}). Stop it, or set TIDEMARK_DATA_DIR.`,
  )
}
