/** Writes the file of a fleet's letters in a process of its own, which has held nothing else: what it holds at most is the file's. */
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { exportLetters } from '#lib/http/admin/export-lists.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { lettersContext } from './letters-context.ts'

const ANSWERED_WITHIN_MS = 30_000

/** How far it is. Bytes. */
export interface FileWritten {
  readonly isDone: boolean
  readonly seconds: number
  readonly bytes: number
  readonly heapMax: number
  readonly residentMax: number
}

const [fleetId = ''] = process.argv.slice(2)
const storage = await openPostgresStorage({ url: process.env['DATABASE_URL'] ?? '' })
process.on('message', () => void go())
process.once('SIGTERM', () => void storage.close().then(() => process.exit(0)))
process.send?.({ isReady: true })

const startMs = performance.now()
const ctx = lettersContext(storage, Date.now())
let pieces: AsyncIterator<Uint8Array> | null = null
const written = { bytes: 0, heapMax: 0, residentMax: 0 }

/** Goes on for a while, and says how far it came: whoever asks waits so long and no longer. */
async function go(): Promise<void> {
  pieces ??= await open()
  const untilMs = performance.now() + ANSWERED_WITHIN_MS
  let isDone = false
  while (!isDone && performance.now() < untilMs) {
    const next = await pieces.next()
    isDone = next.done === true
    if (next.done !== true) written.bytes += next.value.length
    const { heapUsed, rss } = process.memoryUsage()
    written.heapMax = Math.max(written.heapMax, heapUsed)
    written.residentMax = Math.max(written.residentMax, rss)
  }
  const seconds = (performance.now() - startMs) / 1_000
  process.send?.({ ...written, seconds, isDone } satisfies FileWritten)
}

async function open(): Promise<AsyncIterator<Uint8Array>> {
  const { body } = await exportLetters({ ctx, actor: SYSTEM, fleetId, query: { format: 'ndjson' } })
  if (!body) throw new Error('assertion failed: a file has a body')
  return body[Symbol.asyncIterator]()
}
