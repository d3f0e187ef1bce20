import { statSync, truncateSync } from 'node:fs'
import { openFile } from './sqlite-engine.ts'

/** How long one process waits for another that mends the same file. */
const GUARD_MS = 30_000

/**
 * The lock that stands whatever state the store itself is in, and ends with its process: SQLite's own, on an empty file
 * beside it. All that SQLite does to the store is done under it; putting another file in its place is done alone.
 */
export interface Guard {
  /** Until `leave`, together with others. */
  share(): void
  leave(): void
  /** With nobody else under it, in any process. Who shares it here must have left. */
  alone(run: () => void): void
  close(): void
}

export function openGuard(path: string): Guard {
  const file = `${path}.guard`
  // Nothing is ever written to it: what stands there would only keep the device shut.
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0) truncateSync(file)
  const db = openFile(file, { timeout: GUARD_MS })
  const look = db.prepare('SELECT 1 FROM sqlite_schema')
  const held = <T>(run: () => T): T => {
    try {
      return run()
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
  return {
    share: () =>
      held(() => {
        db.exec('BEGIN')
        // It is the first read that takes the lock.
        look.all([])
      }),
    leave: () => db.exec('COMMIT'),
    alone: (run) =>
      held(() => {
        db.exec('BEGIN EXCLUSIVE')
        run()
        db.exec('COMMIT')
      }),
    close: () => db.close(),
  }
}
