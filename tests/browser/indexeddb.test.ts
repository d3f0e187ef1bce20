import { randomUUID } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BrowserContext, Page } from '@playwright/test'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StoreSubject } from '#tests/contract/client-store.cases.ts'
import { STORE_CASES } from '#tests/contract/client-store.cases.ts'
import { TestDevice } from '#tests/support/device-world.ts'
import type { App } from './app.ts'
import { startApp } from './app.ts'
import type { Profile } from './launch.ts'
import { createProfile } from './launch.ts'
import { openReplicaIn, put, status, sync, titles, until } from './page.ts'
import type { Served } from './world.ts'
import { serveFleet } from './world.ts'

let app: App
let served: Served
let shared: Profile
let context: BrowserContext
/** Each test has a store of its own, and with it a device. */
let store = ''
beforeAll(async () => {
  app = await startApp()
  served = await serveFleet(app.origin)
  shared = await createProfile()
  context = await shared.launch()
})
afterAll(async () => {
  await shared.close()
  await served.close()
  await app.close()
})
beforeEach(() => {
  store = randomUUID()
})
afterEach(async () => {
  for (const page of context.pages().slice(1)) await page.close()
})

/** For a test that ends its browser, or bends it. */
async function withProfile(work: (profile: Profile) => Promise<void>): Promise<void> {
  const profile = await createProfile()
  try {
    await work(profile)
  } finally {
    await profile.close()
  }
}

const AUTO = { changeDelayMs: 20 }
const opening = (more: object = {}) => ({
  url: served.url,
  enrollmentKey: served.fleet.key,
  store,
  ...more,
})
const openIn = async (more: object = {}, of = context): Promise<Page> => {
  const page = await of.newPage()
  await openReplicaIn(page, app.origin, opening(more))
  return page
}

/** What the server holds, read by another device: each title as often as there is a record of it. */
async function titlesOnServer(prefix: string): Promise<string[]> {
  const reader = await TestDevice.enroll(served.app, served.fleet)
  const found: string[] = []
  let token: string | null = null
  for (let hasMore = true; hasMore;) {
    const page = await reader.pulled(token)
    found.push(...page.changes.map(({ data }) => String(data?.['title'])))
    ;({ token, hasMore } = page)
  }
  return found.filter((title) => title.startsWith(prefix)).sort()
}

describe('IndexedDB in a real browser', () => {
  test('[SM2][SM3] keeps the contract of a store, case by case', async () => {
    const page = await context.newPage()
    await page.goto(app.origin)
    const outcomes = await page.evaluate(async () => {
      const { openIndexedDbStore, openReplica } = window.sdk
      let stores = 0
      const make: StoreSubject['make'] = () => {
        const name = `case-${++stores}`
        return () => openIndexedDbStore(name)
      }
      const told: [string, string][] = []
      for (const [name, run] of Object.entries(window.cases))
        told.push([name, await run({ make, openReplica }).then(() => 'holds', String)])
      return told
    })
    expect(outcomes).toEqual(Object.keys(STORE_CASES).map((name) => [name, 'holds']))
  })

  test('[SM2] two tabs at once: one session at a time, both see all, nothing doubled', async () => {
    const tag = randomUUID()
    // On a busy machine the stream is still being opened while sessions run.
    const stream = served.holdNext('/api/v1/events')
    const [one, two] = [await openIn({ sync: AUTO }), await openIn({ sync: AUTO })]
    await stream.acted
    const most = served.watch()
    const written = await Promise.all(
      [one, two].flatMap((page, tab) =>
        Array.from({ length: 10 }, (_, n) => `${tag} ${tab} ${n}`).map((title) => put(page, title)),
      ),
    )
    expect(new Set(written).size).toBe(20)
    const all = Array.from({ length: 20 }, (_, n) => `${tag} ${Math.floor(n / 10)} ${n % 10}`)
    // Before any session, by what the tabs tell each other.
    expect(await titles(one)).toEqual(all)
    expect(await titles(two)).toEqual(all)
    await until(
      () => Promise.all([status(one), status(two)]),
      (both) => both.every(({ pending }) => pending === 0),
    )
    expect(await titlesOnServer(tag)).toEqual(all)
    expect(most()).toBe(1)
    stream.release()
    // What another device does reaches both, though one session at a time is run.
    const device = await TestDevice.enroll(served.app, served.fleet)
    await device.pushed([device.mutation({ op: { type: 'put', data: { title: `${tag} from afar` } } })])
    for (const page of [one, two])
      await until(
        () => titles(page),
        (found) => found.includes(`${tag} from afar`),
      )
    expect((await status(one)).deviceId).toBe((await status(two)).deviceId)
  })

  test('[SM2] a tab that stands still in a dialog while its session goes on holds the others up as long as its lease', async () => {
    const tag = randomUUID()
    // The lease is 5 s longer than a request may take. Nothing but an own write starts a session.
    const quick = { sync: { ...AUTO, requestTimeoutMs: 1_000, intervalMs: 60_000, events: false } }
    const [still, other] = [await openIn(quick), await openIn(quick)]
    const troubles: string[] = []
    still.on('pageerror', (error) => troubles.push(String(error)))
    await until(
      () => Promise.all([status(still), status(other)]),
      // At rest, and nothing planned that would be in the way.
      (both) => both.every(({ nextSyncAt }) => Date.parse(nextSyncAt ?? '') > Date.now() + 10_000),
    )
    let answer = (): void => undefined
    still.on('dialog', (dialog) => (answer = () => void dialog.accept()))
    const push = served.holdNext('/api/v1/push')
    await put(still, `${tag} before`)
    await push.acted
    const asked = still.evaluate(() => confirm('Sure?'))
    push.release()
    const before = (await status(other)).lastSyncedAt
    await put(other, `${tag} urgent`)
    await until(
      () => status(other),
      ({ pending, lastSyncedAt }) => pending === 0 && lastSyncedAt !== before,
    )
    expect(await titlesOnServer(tag)).toEqual([`${tag} before`, `${tag} urgent`])
    answer()
    expect(await asked).toBe(true)
    // It wakes up as one that has lost the lock, and goes on as the others do.
    await put(still, `${tag} after`)
    await until(
      () => sync(still),
      ({ pending }) => pending === 0,
    )
    expect(await titlesOnServer(tag)).toEqual(['after', 'before', 'urgent'].map((word) => `${tag} ${word}`))
    expect(await titles(still)).toEqual(await titles(other))
    expect(troubles).toEqual([])
  })

  test("[SM6] offline by the browser's own switch: work goes on, and arrives when the network is back", async () => {
    const tag = randomUUID()
    const page = await openIn({ sync: AUTO })
    await until(
      () => status(page),
      ({ lastSyncedAt }) => lastSyncedAt !== null,
    )
    await context.setOffline(true)
    await until(
      () => status(page),
      ({ state }) => state === 'offline',
    )
    for (let n = 0; n < 5; n++) await put(page, `${tag} ${n}`)
    await until(
      () => status(page),
      ({ pending }) => pending === 5,
    )
    expect(await status(page)).toMatchObject({ state: 'offline' })
    expect((await titles(page)).filter((title) => title.startsWith(tag))).toHaveLength(5)
    expect(await titlesOnServer(tag)).toEqual([])
    await context.setOffline(false)
    await until(
      () => status(page),
      ({ pending }) => pending === 0,
    )
    expect(await titlesOnServer(tag)).toHaveLength(5)
  })

  test('[SM3] a tab closed between the push and its answer: the next one goes on, and nothing is doubled', async () => {
    const tag = randomUUID()
    const page = await openIn()
    await sync(page)
    await put(page, `${tag} a`)
    const held = served.holdNext('/api/v1/push')
    await page.evaluate(() => void window.replica.sync())
    await held.acted
    await page.close()
    // The lock of the closed tab is free at once.
    const next = await openIn()
    expect(await status(next)).toMatchObject({ pending: 1 })
    held.release()
    expect(await sync(next)).toMatchObject({ pending: 0, refused: 0, problem: null })
    expect(await titlesOnServer(tag)).toEqual([`${tag} a`])
    expect(await next.evaluate(() => window.replica.deadLetters$.get())).toEqual([])
  })

  test('[SM3] a browser killed in the middle of a sync keeps what it said it had kept', () =>
    withProfile(async (profile) => {
      const running = await profile.launch()
      const tag = randomUUID()
      const page = await openIn({}, running)
      await sync(page)
      for (let n = 0; n < 3; n++) await put(page, `${tag} ${n}`)
      const held = served.holdNext('/api/v1/push')
      await page.evaluate(() => void window.replica.sync())
      await held.acted
      await killBrowser(running, page)
      held.release()
      const next = await openIn({}, await profile.launch())
      expect((await titles(next)).filter((title) => title.startsWith(tag))).toHaveLength(3)
      expect(await sync(next)).toMatchObject({ pending: 0, refused: 0, problem: null })
      expect(await titlesOnServer(tag)).toHaveLength(3)
    }))

  test('[SDK3] a full disk: the write is refused and leaves nothing, the person is told, and syncing goes on', () =>
    withProfile(async (profile) => {
      const bent = await profile.launch()
      const tag = randomUUID()
      const page = await bent.newPage()
      await page.goto(app.origin)
      // The browser asks for the quota once in a while only: it must be set before the first write.
      const session = await bent.newCDPSession(page)
      await session.send('Storage.overrideQuotaForOrigin', { origin: app.origin, quotaSize: 2_000_000 })
      await openReplicaIn(page, app.origin, opening())
      await sync(page)
      await put(page, `${tag} fits`)
      const outcome = await page.evaluate(async (text) => {
        const title = `${text} ${Array.from({ length: 250_000 }, () => Math.random().toString(36)[2]).join('')}`
        for (let n = 0; n < 20; n++) {
          const put = window.replica.collection('notes').put(null, { title }, { validate: false })
          const code = await put.then(
            () => null,
            (error: { code?: string }) => String(error.code ?? error),
          )
          if (code !== null) return { code, written: n }
        }
        return { code: 'none', written: 20 }
      }, `${tag} large`)
      expect(outcome.code).toBe('quota_exceeded')
      const waiting = await until(
        () => status(page),
        ({ storeHealth }) => storeHealth === 'full',
      )
      expect(waiting.pending).toBe(outcome.written + 1)
      await sync(page)
      await until(
        async () => (await titlesOnServer(tag)).length,
        (count) => count === outcome.written + 1,
      )
      expect(await status(page)).toMatchObject({ pending: 0, refused: 0 })
      await page.close()
      // Room again: all is there, and all of it once.
      const { origin } = app
      const next = await bent.newPage()
      await (await bent.newCDPSession(next)).send('Storage.overrideQuotaForOrigin', { origin })
      await openReplicaIn(next, origin, opening())
      await until(
        () => sync(next),
        ({ storeHealth, problem }) => storeHealth === 'ok' && problem === null,
      )
      expect((await titles(next)).filter((title) => title.startsWith(tag))).toHaveLength(outcome.written + 1)
      expect(await titlesOnServer(tag)).toHaveLength(outcome.written + 1)
    }))

  const BREAK: Record<
    string,
    { readonly table: string; readonly how: 'text' | 'object' | 'clear'; readonly lost: number }
  > = {
    'rows of records that are no text': { table: 'records', how: 'object', lost: 0 },
    'records emptied from outside': { table: 'records', how: 'clear', lost: 0 },
    'an identity that reads half': { table: 'meta', how: 'text', lost: 0 },
    'an outbox row that reads half': { table: 'outbox', how: 'text', lost: 1 },
  }
  test.each(Object.entries(BREAK))(
    '[SDK4] %s: rebuilt by a full sync, told, nothing doubled',
    async (_, { table, how, lost }) => {
      const tag = randomUUID()
      const page = await openIn()
      await sync(page)
      await put(page, `${tag} synced`)
      await sync(page)
      for (let n = 0; n < 3; n++) await put(page, `${tag} ${n}`)
      await page.evaluate(() => window.replica.close())
      await page.evaluate(
        async ({ database, name, change }) => {
          const request = indexedDB.open(database)
          const db = await new Promise<IDBDatabase>(
            (resolve) => (request.onsuccess = () => resolve(request.result)),
          )
          const tx = db.transaction(name, 'readwrite')
          const rows = tx.objectStore(name)
          if (change === 'clear') rows.clear()
          else if (name === 'meta') rows.put('{"deviceId":"01', 'identity')
          else
            rows.openCursor(IDBKeyRange.lowerBound('')).onsuccess = (event) => {
              const cursor = (event.target as IDBRequest<IDBCursorWithValue>).result
              cursor.update(change === 'text' ? String(cursor.value).slice(0, 20) : { no: 'text' })
            }
          await new Promise((resolve) => (tx.oncomplete = resolve))
          db.close()
        },
        { database: `tidemark:${store}`, name: table, change: how },
      )
      await page.close()
      const next = await openIn()
      // Damage among the records shows when they are read.
      await next.evaluate(() =>
        window.replica
          .collection('notes')
          .query()
          .then(
            () => 0,
            () => 0,
          ),
      )
      await sync(next)
      await sync(next)
      const recoveries = await until(
        () => next.evaluate(() => window.replica.recoveries$.get()),
        (found) => found.length > 0,
      )
      expect(recoveries).toMatchObject([{ pendingKept: 3 - lost }])
      expect(recoveries[0]?.changesLost).toHaveLength(lost)
      expect(await status(next)).toMatchObject({ pending: 0, storeHealth: 'ok', problem: null })
      expect(await titlesOnServer(tag)).toHaveLength(4 - lost)
      expect((await titles(next)).filter((title) => title.startsWith(tag))).toHaveLength(4 - lost)
    },
  )

  test('[SDK4] a database deleted under an open page: told, and it goes on as a new device', async () => {
    const tag = randomUUID()
    const page = await openIn()
    await sync(page)
    await page.evaluate(async (database) => {
      const request = indexedDB.deleteDatabase(database)
      await new Promise((resolve) => (request.onsuccess = resolve))
    }, `tidemark:${store}`)
    await until(
      () => put(page, tag).catch(() => null),
      (recordId) => recordId !== null,
    )
    expect(await sync(page)).toMatchObject({ pending: 0, problem: null, storeHealth: 'ok' })
    expect(await titlesOnServer(tag)).toEqual([tag])
    expect(await page.evaluate(() => window.replica.recoveries$.get())).toMatchObject([
      { isNewIdentity: true },
    ])
  })

  test('[SDK4] a database of another version, without what is needed: made whole', async () => {
    const page = await context.newPage()
    await page.goto(app.origin)
    await page.evaluate(async (database) => {
      const request = indexedDB.open(database, 7)
      request.onupgradeneeded = () => request.result.createObjectStore('something else')
      await new Promise((resolve) => (request.onsuccess = resolve))
      request.result.close()
    }, `tidemark:${store}`)
    const tag = randomUUID()
    await openReplicaIn(page, app.origin, opening())
    await put(page, tag)
    expect(await sync(page)).toMatchObject({ pending: 0, problem: null })
    expect(await titlesOnServer(tag)).toEqual([tag])
  })

  test("[SDK4] the browser's own files broken: it starts anew, is told, and reads all again", () =>
    withProfile(async (profile) => {
      const before = await profile.launch()
      const tag = randomUUID()
      const page = await openIn({}, before)
      await sync(page)
      await put(page, tag)
      await sync(page)
      await before.close()
      const files = (await readdir(profile.folder, { recursive: true })).filter((file) =>
        /indexeddb\.leveldb\/.*(?:\.log|\.ldb|MANIFEST)/.test(file),
      )
      expect(files.length).toBeGreaterThan(0)
      for (const file of files) await writeFile(path.join(profile.folder, file), 'garbage '.repeat(1_000))
      const next = await openIn({}, await profile.launch())
      await sync(next)
      expect(await titles(next)).toContain(tag)
      // What waited can't be told any more; that some may be lost can.
      expect(await next.evaluate(() => window.replica.recoveries$.get())).toMatchObject([
        { pendingKept: 0, mayHaveLostMore: true, isNewIdentity: true },
      ])
    }))

  test("[SDK6] the page of the SDK's README works as pasted", async () => {
    const readme = await readFile(path.resolve(import.meta.dirname, '../../lib/client/README.md'), 'utf8')
    const [, html = ''] = /```html\n([\s\S]*?)```/.exec(readme) ?? []
    expect(html).toContain('openIndexedDbStore')
    const pasted = html.replace('http://127.0.0.1:3000', served.url).replace('tme_…', served.fleet.key)
    const page = await context.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(app.add('readme', pasted))
    await until(
      () => page.locator('pre').textContent(),
      (text) => text?.includes('Hello from a browser') === true,
    )
    await until(
      () => titlesOnServer('Hello from a browser'),
      (found) => found.length === 1,
    )
    expect(problems).toEqual([])
  })
})

/** All of it at once, without a chance to write anything more. */
async function killBrowser(running: BrowserContext, page: Page): Promise<void> {
  const gone = new Promise((resolve) => running.once('close', resolve))
  const session = await running.newCDPSession(page)
  await Promise.race([session.send('Browser.crash'), gone]).catch(() => undefined)
  await gone
}
