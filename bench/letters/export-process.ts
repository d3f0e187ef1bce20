/** Writes the file of a fleet's letters in a process of its own, which has held nothing else: what it holds at most is the file's. */
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { exportLetters } from '#lib/http/admin/export-lists.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { lettersContext } from './letters-context.ts'

/** What it says once it is through. Bytes. */
export interface FileWritten {
  readonly seconds: number
  readonly bytes: number
  readonly heapMax: number
  readonly residentMax: number
}

const [fleetId = ''] = process.argv.slice(2)
const storage = await openPostgresStorage({ url: process.env['DATABASE_URL'] ?? '' })
process.once('message', () => void write())
process.once('SIGTERM', () => void storage.close().then(() => process.exit(0)))
process.send?.({ isReady: true })

async function write(): Promise<void> {
  const startMs = performance.now()
  const ctx = lettersContext(storage, Date.now())
  const { body } = await exportLetters({ ctx, actor: SYSTEM, fleetId, query: { format: 'ndjson' } })
  let [bytes, heapMax, residentMax] = [0, 0, 0]
  for await (const piece of body ?? []) {
    bytes += piece.length
    const { heapUsed, rss } = process.memoryUsage()
    heapMax = Math.max(heapMax, heapUsed)
    residentMax = Math.max(residentMax, rss)
  }
  const seconds = (performance.now() - startMs) / 1_000
  process.send?.({ seconds, bytes, heapMax, residentMax } satisfies FileWritten)
}
