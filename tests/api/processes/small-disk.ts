import { execFile } from 'node:child_process'
import { closeSync, openSync, statfsSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { rounds } from '#tests/support/trials.ts'

const run = promisify(execFile)

/**
 * A cluster with some 100 MB to fill. Each time that its log is used up, PostgreSQL keeps a segment of 16 MB more of it,
 * and needs room for another one to start again.
 */
const SIZE_MB = rounds(192, 448)
const CHUNK_BYTES = 1 << 20

/** A file system of its own in memory, which can be filled to its last byte. */
export interface SmallDisk {
  readonly dir: string
  fill(): void
  makeRoom(): Promise<void>
  remove(): Promise<void>
}

/** Null where it can't be mounted: that needs Linux and root, and in a container the right to mount. */
export async function mountSmallDisk(): Promise<SmallDisk | null> {
  const dir = await mkdtemp(path.join(tmpdir(), 'tidemark-disk-'))
  const filler = path.join(dir, 'filler')
  const isMounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=755`, 'tmpfs', dir]).then(
    () => true,
    () => false,
  )
  if (!isMounted) {
    await rm(dir, { recursive: true })
    return null
  }
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  }
  return {
    dir,
    fill() {
      const file = openSync(filler, 'a')
      const chunk = Buffer.alloc(CHUNK_BYTES)
      for (let left = freeBytes(); left > 0; left = freeBytes())
        writeSync(file, chunk, 0, Math.min(CHUNK_BYTES, left))
      closeSync(file)
    },
    makeRoom: () => rm(filler, { force: true }),
    async remove() {
      // Lazily: whatever a failed test left running there must not keep it.
      await run('umount', ['-l', dir])
      await rm(dir, { recursive: true })
    },
  }
}
