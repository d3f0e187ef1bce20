import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { Send } from '#lib/storage/prisma/database.ts'
import { Database } from '#lib/storage/prisma/database.ts'
import { BACKENDS, collectionOf, audit, makeFleet, opened } from './world.ts'

const LIMITS = { lockTimeoutMs: 2_000, idleTimeoutMs: 500 }
const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

const LOCK_STREAM = {
  name: 'lock_stream',
  text: 'SELECT 1 FROM stream_head WHERE fleet_id = $1 FOR UPDATE',
}

/** A process that was stopped sends nothing more, and its connection stays open. */
it('a transaction whose process says nothing more gives its stream up before the others give up waiting', async () => {
  const { storage, url } = current()
  const fleet = await makeFleet(storage)
  await storage.collections.create(collectionOf(fleet.id), audit())
  const [stopped, other] = [0, 1].map(() => new Database({ url: url ?? '', ...LIMITS })) as [
    Database,
    Database,
  ]
  onTestFinished(() => Promise.all([stopped.close(), other.close()]).then(() => undefined))

  const lock = (send: Send) => send(LOCK_STREAM, [fleet.id])
  let silence = Promise.resolve<unknown>(null)
  await new Promise<void>((resolve) => {
    silence = stopped.inFleet(fleet.id, async (send) => {
      expect(await lock(send)).toHaveLength(1)
      resolve()
      await pause(2 * LIMITS.idleTimeoutMs)
      return lock(send)
    })
  })
  const outcome = expect(silence).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(await other.inFleet(fleet.id, lock)).toHaveLength(1)
  await outcome
  // Its next transaction has another connection.
  expect(await stopped.inFleet(fleet.id, lock)).toHaveLength(1)
})
