/** A process that works on operations as a server's does, until it is ended. */
import { lookForOperations, stopOperations } from '#lib/application/operations/run-operations.ts'
import { startTicker } from '#lib/application/ticker.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { testApp } from '#tests/support/device-world.ts'

const LOOKED_AT_EVERY_MS = 100

const storage = await openPostgresStorage({ url: process.env['DATABASE_URL'] ?? '' })
const { ctx } = testApp(storage)
const ticker = startTicker('operations', LOOKED_AT_EVERY_MS, ctx.log, () => lookForOperations(ctx))
async function end(): Promise<void> {
  await ticker.stop()
  await stopOperations(ctx)
  await storage.close()
  process.exit(0)
}
process.once('SIGTERM', () => void end())
process.once('disconnect', () => void end())
// The ticker alone would let it end.
process.on('message', () => undefined)
process.send?.({ pid: process.pid })
