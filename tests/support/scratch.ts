import { rmSync, statfsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A file system in memory that every Linux has; another user may enter it. */
const IN_MEMORY = '/dev/shm'
/** Several times what the PostgreSQLs of a whole run hold, so that nothing else is short of memory for them. */
const ROOM_BYTES_MIN = 4 * 1024 ** 3

/**
 * A new folder for files that need no disk, in memory where there is room: a database is some 850 files, and to make and
 * remove them, clone by clone, was a quarter of the processor time of the tests over PostgreSQL.
 */
export async function scratchFolder(prefix: string): Promise<string> {
  const folder = await mkdtemp(path.join(hasRoomInMemory() ? IN_MEMORY : tmpdir(), prefix))
  made.add(folder)
  return folder
}

/** A run that is broken off removes nothing itself, and what stays would take memory from all later ones. */
const made = new Set<string>()
process.once('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function hasRoomInMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY)
    return Math.min(bavail * bsize, process.availableMemory()) >= ROOM_BYTES_MIN
  } catch (error) {
    // Another system, or one that keeps its own from us.
    if (!(error instanceof Error && 'code' in error)) throw error
    return false
  }
}
