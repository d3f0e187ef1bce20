import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startApp } from './app.ts'
import { createProfile } from './launch.ts'
import { openReplicaIn, status, until } from './page.ts'

test('[SM2] on a page that isn’t secure, without the browser’s locks, two tabs run one session: the lease in the store stands in', async () => {
  const app = await startApp()
  const profile = await createProfile()
  let asked = 0
  // It never answers: the first tab's session goes on.
  const silent = createServer(() => (asked += 1))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  try {
    const context = await profile.launch()
    const opening = {
      url: `http://app.test:${(silent.address() as AddressInfo).port}`,
      enrollmentKey: 'tme_none',
      store: randomUUID(),
    }
    const open = async () => {
      const page = await context.newPage()
      await openReplicaIn(page, app.origin.replace('127.0.0.1', 'app.test'), opening)
      return page
    }
    const [one, other] = [await open(), await open()]
    expect(await one.evaluate(() => 'locks' in navigator)).toBe(false)
    // Neither is waited for: a session that meets no answer takes as long as it may.
    await one.evaluate(() => void window.replica.sync())
    await until(
      () => Promise.resolve(asked),
      (count) => count === 1,
    )
    await other.evaluate(() => void window.replica.sync())
    await pause(1_500)
    expect([asked, (await status(other)).state]).toEqual([1, 'idle'])
  } finally {
    await profile.close()
    silent.closeAllConnections()
    silent.close()
    await app.close()
  }
})
