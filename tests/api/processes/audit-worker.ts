/** A process that writes audited changes, some at a time, and tells of each that was committed, until it is ended. */
import { randomUUID } from 'node:crypto'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'

const AT_ONCE = 4

const storage = await openPostgresStorage({
  url: process.env['DATABASE_URL'] ?? '',
  secret: Buffer.from(process.env['TIDEMARK_SECRET'] ?? ''),
})
const fleetId = process.env['TIDEMARK_TRIAL_FLEET'] ?? ''
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const ctx = { storage, clock: { now: Date.now }, ids: randomUUID, log }
let ended = false

async function write(): Promise<void> {
  while (!ended) {
    const entry = auditEntry(ctx, SYSTEM, { action: 'fleet.epoch', target: fleetId, fleetId })
    await storage.fleets.raiseEpoch(fleetId, entry)
    process.send?.({ id: entry.id })
  }
}
process.once('disconnect', () => {
  ended = true
})
process.send?.({ pid: process.pid })
await Promise.all(Array.from({ length: AT_ONCE }, write))
await storage.close()
process.exit(0)
