import { randomUUID } from 'node:crypto'
import type { BrowserContext, Page } from '@playwright/test'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { SyncOptions } from '#lib/client/wait.ts'
import type { App } from './app.ts'
import { startApp } from './app.ts'
import type { Profile } from './launch.ts'
import { createProfile } from './launch.ts'
import { openReplicaIn, status, sync, until } from './page.ts'
import type { Served } from './world.ts'
import { addCollections, serveFleet } from './world.ts'

let app: App
let served: Served
let profile: Profile
let context: BrowserContext
beforeAll(async () => {
  app = await startApp()
  served = await serveFleet(app.origin)
  profile = await createProfile()
  context = await profile.launch()
  await addCollections(served, { boards: 'crdt', pages: 'ot' })
})
afterAll(async () => {
  await profile.close()
  await served.close()
  await app.close()
})
afterEach(async () => {
  await context.setOffline(false)
  for (const page of context.pages().slice(1)) await page.close()
})

async function openIn(store: string, options?: SyncOptions): Promise<Page> {
  const page = await context.newPage()
  const opening = {
    url: served.url,
    enrollmentKey: served.fleet.key,
    store,
    ...(options && { sync: options }),
  }
  await openReplicaIn(page, app.origin, opening)
  return page
}
const create = (page: Page, collection: string, data: Record<string, string | number>): Promise<string> =>
  page.evaluate(
    async ([name, document]) => (await window.replica.collection(name).put(null, document)).recordId,
    [collection, data] as const,
  )
const dataOf = (page: Page, collection: string, id: string): Promise<unknown> =>
  page.evaluate(async ([name, recordId]) => (await window.replica.collection(name).get(recordId))?.data, [
    collection,
    id,
  ] as const)

describe('handles in a real browser', () => {
  test('[CS4] a counter, a set, a register and a text of two devices, offline by the browser, come together', async () => {
    const pages = [await openIn(randomUUID()), await openIn(randomUUID())] as const
    const [one, two] = pages
    const id = await create(one, 'boards', { title: 'x' })
    await sync(one)
    await sync(two)
    // What is fetched on demand comes while there is a network.
    const work = (page: Page, name: string): Promise<string> =>
      page.evaluate(
        async ([recordId, own]) => {
          const boards = window.replica.collection('boards')
          await boards.counter(recordId, 'likes').increment(3)
          await boards.counter(recordId, 'likes').decrement()
          await boards.set(recordId, 'tags').add(own)
          await boards.register(recordId, `by-${own}`).set(own)
          const body = boards.text(recordId, 'body')
          await body.insert((await body.value()).length, `${own}.`)
          return body.value()
        },
        [id, name] as const,
      )
    await work(one, 'one')
    await sync(one)
    await sync(two)
    await work(two, 'two')
    await sync(two)
    await context.setOffline(true)
    expect(await work(one, 'three')).toBe('one.three.')
    expect(await work(two, 'four')).toBe('one.two.four.')
    await context.setOffline(false)
    for (const page of [one, two, one]) expect((await sync(page)).problem).toBeNull()
    const found = (await dataOf(one, 'boards', id)) as Record<string, unknown>
    expect(found).toEqual(await dataOf(two, 'boards', id))
    expect(found).toMatchObject({ title: 'x', likes: 8, 'by-four': 'four', 'by-three': 'three' })
    expect((found['tags'] as string[]).toSorted()).toEqual(['four', 'one', 'three', 'two'])
    expect(String(found['body']).split('.').toSorted()).toEqual(['', 'four', 'one', 'three', 'two'])
    const refused = one.evaluate(async (recordId) => {
      const text = window.replica.collection('boards').text(recordId, 'body')
      return text.insert(999, 'x').catch((error: unknown) => ({
        isOurs: error instanceof window.sdk.ReplicaError,
        code: (error as { code?: string }).code,
      }))
    }, id)
    expect(await refused).toEqual({ isOurs: true, code: 'invalid_patch' })
  })

  test('[SDK6] offline a call whose part was never fetched is told so, leaves nothing, and works once it can be fetched', async () => {
    const page = await openIn(randomUUID())
    // In a collection that may hold CRDTs a document needs their part too, once the device knows that.
    await sync(page)
    const increment = (): Promise<unknown> =>
      page.evaluate(async () => {
        const boards = window.replica.collection('boards')
        const told = (error: { code?: string; message: string }) => [error.code, error.message]
        const likes = boards.counter('019b8d2b-8c00-7000-8000-000000000001', 'likes')
        return [await boards.put(null, { likes: 0 }).catch(told), await likes.increment().catch(told)]
      })
    await context.setOffline(true)
    const message = expect.stringMatching(/cache all of it, or be online once\. .*browser-client-crdt/)
    expect(await increment()).toEqual([
      ['not_loaded', message],
      ['not_loaded', message],
    ])
    expect(await status(page)).toMatchObject({ pending: 0 })
    await context.setOffline(false)
    expect(await increment()).toEqual([
      { recordId: expect.any(String), mutationId: expect.any(String) },
      ['not_found', expect.any(String)],
    ])
  })

  test('[CS4][SDK2] two tabs of one device count together, each sees the other at once, and nothing counts twice', async () => {
    const store = randomUUID()
    const [one, two] = [await openIn(store), await openIn(store)]
    const id = await create(one, 'boards', { likes: 1 })
    await sync(one)
    await context.setOffline(true).then(() => context.setOffline(false))
    const count = (page: Page): Promise<void> =>
      page.evaluate(async (recordId) => {
        const likes = window.replica.collection('boards').counter(recordId, 'likes')
        for (let n = 0; n < 10; n++) await likes.increment()
      }, id)
    await Promise.all([count(one), count(two)])
    for (const page of [one, two]) expect(await dataOf(page, 'boards', id)).toEqual({ likes: 21 })
    await Promise.all([sync(one), sync(two)])
    await sync(one)
    const other = await openIn(randomUUID())
    await sync(other)
    expect(await dataOf(other, 'boards', id)).toEqual({ likes: 21 })
  })

  test('[CS5] a text under OT of two devices, offline by the browser, comes together', async () => {
    const [one, two] = [await openIn(randomUUID()), await openIn(randomUUID())]
    const id = await create(one, 'pages', { body: 'abc' })
    await sync(one)
    await sync(two)
    const type = (page: Page, index: number, text: string): Promise<string> =>
      page.evaluate(
        async ([recordId, at, typed]) => {
          const body = window.replica.collection('pages').text(recordId, 'body')
          await body.insert(at, typed)
          return body.value()
        },
        [id, index, text] as const,
      )
    await type(one, 3, 'd')
    await type(two, 0, '_')
    await context.setOffline(true)
    expect([await type(one, 4, 'e🎈'), await type(two, 0, '>')]).toEqual(['abcde🎈', '>_abc'])
    await context.setOffline(false)
    for (const page of [one, two, one]) expect((await sync(page)).problem).toBeNull()
    for (const page of [one, two]) expect(await dataOf(page, 'pages', id)).toEqual({ body: '>_abcde🎈' })
  })

  test('[EV1] a poke brings what another device wrote; two tabs of a device hold one stream', async () => {
    const store = randomUUID()
    const patient: SyncOptions = { intervalMs: 600_000, changeDelayMs: 20 }
    const streams: Page[] = []
    context.on('request', (request) => {
      if (request.url().endsWith('/api/v1/events')) streams.push(request.frame().page())
    })
    const [one, two] = [await openIn(store, patient), await openIn(store, patient)]
    await sync(one)
    await sync(two)
    await until(
      async () => streams.length,
      (count) => count > 0,
    )
    const other = await openIn(randomUUID())
    const id = await create(other, 'boards', { title: 'from afar' })
    await sync(other)
    for (const page of [one, two])
      await until(
        () => dataOf(page, 'boards', id),
        (found) => found !== undefined,
      )
    expect(streams.length).toBe(1)
  })

  test('[EV1] a stream that the browser refuses a lock leaves none behind', async () => {
    const page = await context.newPage()
    await page.goto(app.origin)
    const outcome = await page.evaluate(async (name) => {
      const store = await window.sdk.openIndexedDbStore(name)
      const granted = navigator.locks.request.bind(navigator.locks)
      navigator.locks.request = (async (lock: string, ...rest: unknown[]) => {
        if (lock.startsWith('tidemark-stream')) throw new DOMException('put away', 'InvalidStateError')
        return (granted as (...all: unknown[]) => unknown)(lock, ...rest)
      }) as typeof granted
      const refused = await store.hold('events').catch((error: unknown) => String(error))
      navigator.locks.request = granted
      // The browser takes a moment to hand a lock on.
      let letGo = await store.hold('events')
      for (let n = 0; n < 40 && !letGo; n++) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        letGo = await store.hold('events')
      }
      letGo?.()
      return { refused, isFree: letGo !== null }
    }, randomUUID())
    expect(outcome).toEqual({ refused: 'InvalidStateError: put away', isFree: true })
    await page.close()
  })

  test('[EV1] the streams of many stores leave the browser connections for everything else', async () => {
    const page = await openIn(randomUUID())
    const { url, fleet } = served
    const problems = await page.evaluate(
      async ({ url, enrollmentKey, names }) => {
        const { openIndexedDbStore, openReplica } = window.sdk
        const device = { name: 'One of eight', platform: 'web', appVersion: '1.0.0' } as const
        const sync = { intervalMs: 600_000, changeDelayMs: 20, requestTimeoutMs: 4_000 }
        const replicas = []
        for (const name of names) {
          const store = await openIndexedDbStore(name)
          const replica = await openReplica({ url, enrollmentKey, device, store, sync })
          await replica.sync()
          // A stream, where one is opened, is there by then.
          await new Promise((resolve) => setTimeout(resolve, 300))
          replicas.push(replica)
        }
        const ends = await Promise.all(replicas.map((replica) => replica.sync()))
        for (const replica of replicas) await replica.close()
        return ends.map(({ problem }) => problem)
      },
      { url, enrollmentKey: fleet.key, names: Array.from({ length: 8 }, () => randomUUID()) },
    )
    expect(problems).toEqual(Array.from({ length: 8 }, () => null))
  })
})
