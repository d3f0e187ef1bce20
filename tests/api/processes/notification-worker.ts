/** A process that sends notifications as a server's does, in a quicker pace, until it is ended. */
import { Notifier } from '#lib/application/notifications/run-notifications.ts'
import { startTicker } from '#lib/application/ticker.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { testApp } from '#tests/support/device-world.ts'

const LOOKED_AT_EVERY_MS = 50
const PACE = { groupWaitMs: 100, leaseMs: 1_500, repeatMs: 250, timeoutMs: 500 }

const storage = await openPostgresStorage({ url: process.env['DATABASE_URL'] ?? '' })
const { ctx } = testApp(storage)
const notifier = new Notifier(ctx, PACE)
const ticker = startTicker('notices', LOOKED_AT_EVERY_MS, ctx.log, () => notifier.look())
async function end(): Promise<void> {
  await ticker.stop()
  await notifier.stop()
  await storage.close()
  process.exit(0)
}
process.once('SIGTERM', () => void end())
process.once('disconnect', () => void end())
// The ticker alone would let it end.
process.on('message', () => undefined)
process.send?.({ pid: process.pid })
