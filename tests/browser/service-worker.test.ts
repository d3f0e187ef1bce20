import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { BrowserContext, Page, Worker } from '@playwright/test'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type * as Sdk from '#lib/client/browser.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStatus } from '#lib/client/status.ts'
import type { App } from './app.ts'
import { startApp } from './app.ts'
import type { Profile } from './launch.ts'
import { createProfile } from './launch.ts'
import type { Opening } from './page.ts'
import { openReplicaIn, status, sync, until } from './page.ts'
import type { Served } from './world.ts'
import { addCollections, serveFleet } from './world.ts'

/** A service worker's globals, as its script here leaves them. */
interface WorkerScope {
  readonly sdk: typeof Sdk
  replica: Replica
}

let app: App
let served: Served
let profile: Profile
let context: BrowserContext
beforeAll(async () => {
  app = await startApp()
  served = await serveFleet(app.origin)
  profile = await createProfile()
  context = await profile.launch()
  await addCollections(served, { boards: 'crdt', pages: 'ot', forms: 'manual' })
})
afterAll(async () => {
  await profile.close()
  await served.close()
  await app.close()
})
afterEach(async () => {
  for (const page of context.pages().slice(1)) await page.close()
})

const opening = (store: string): Opening => ({ url: served.url, enrollmentKey: served.fleet.key, store })
async function openIn(store: string): Promise<Page> {
  const page = await context.newPage()
  await openReplicaIn(page, app.origin, opening(store))
  return page
}

const IMPORTS = {
  module: (file: string) => `import * as sdk from '/sdk/${file}'\nself.sdk = sdk`,
  classic: (file: string) => `importScripts('/sdk/${file}')\nself.sdk = tidemark`,
}

/** A service worker of the app's origin, in a scope of its own, that has the SDK by one of its files. */
async function startWorker(page: Page, type: 'module' | 'classic', file: string): Promise<Worker> {
  const name = randomUUID()
  app.add(`${name}.js`, IMPORTS[type](file))
  const started = context.waitForEvent('serviceworker', (worker) => worker.url().includes(name))
  await register(page, name, type)
  return started
}
const register = (page: Page, name: string, type: 'module' | 'classic'): Promise<unknown> =>
  page.evaluate(
    async ([script, kind]) => {
      const { installing } = await navigator.serviceWorker.register(`/${script}.js`, {
        type: kind,
        scope: `/${script}/`,
      })
      await new Promise<void>((resolve) => {
        const look = (): void => (installing?.state === 'activated' ? resolve() : undefined)
        installing?.addEventListener('statechange', look)
        look()
      })
    },
    [name, type] as const,
  )
const openInWorker = (worker: Worker, store: string): Promise<void> =>
  worker.evaluate(async ({ url, enrollmentKey, store: name }) => {
    const scope = globalThis as unknown as WorkerScope
    scope.replica = await scope.sdk.openReplica({
      url,
      enrollmentKey,
      device: { name: 'A browser', platform: 'web', appVersion: '1.0.0' },
      store: await scope.sdk.openIndexedDbStore(name),
      sync: { auto: false },
    })
  }, opening(store))
const syncInWorker = (worker: Worker): Promise<ReplicaStatus> =>
  worker.evaluate(() => (globalThis as unknown as WorkerScope).replica.sync())

interface Made {
  readonly board: string
  readonly draft: string
  readonly form: string
}
/** Records that all know; another device then changes the form, and the page all of them, beside what can't be applied. */
async function makeWork(page: Page): Promise<Made> {
  const made = await page.evaluate(async () => {
    const create = async (name: string, data: Record<string, string>): Promise<string> =>
      (await window.replica.collection(name).put(null, data)).recordId
    return {
      board: await create('boards', { title: 'x' }),
      draft: await create('pages', { body: 'abc' }),
      form: await create('forms', { title: 'as it was' }),
    }
  })
  await sync(page)
  const other = await openIn(randomUUID())
  await sync(other)
  const title = (of: Page, text: string): Promise<unknown> =>
    of.evaluate(([id, next]) => window.replica.collection('forms').patch(id, { set: { '/title': next } }), [
      made.form,
      text,
    ] as const)
  await title(other, 'theirs')
  await sync(other)
  await other.close()
  await title(page, 'ours')
  await page.evaluate(async ({ board, draft }) => {
    const { replica } = window
    await replica.collection('notes').put(null, { title: 'one' })
    await replica.collection('boards').text(board, 'body').insert(0, 'hello')
    await replica.collection('boards').counter(board, 'likes').increment(1)
    await replica.collection('pages').text(draft, 'body').insert(3, 'd')
    await replica.collection('notes').put(null, { title: 7 }, { validate: false })
    await replica.collection('notes').put(null, { title: 'two' })
  }, made)
  await until(
    () => status(page),
    ({ pending }) => pending === 6,
  )
  return made
}

/** What the page hears of the worker's session, without one of its own. */
const told = (page: Page): Promise<unknown> =>
  page.evaluate(() => {
    const { status$, deadLetters$, conflicts$, refusals$ } = window.replica
    return {
      pending: status$.get().pending,
      problem: status$.get().problem,
      letters: deadLetters$.get().map(({ path: at }) => at),
      conflicts: conflicts$.get().map(({ record }) => record?.data?.['title']),
      refusals: refusals$.get().length,
    }
  })
const AS_SYNCED = { pending: 0, problem: null, letters: ['/title'], conflicts: ['theirs'], refusals: 0 }

describe('a service worker in a real browser', () => {
  test.each([
    ['module', 'worker.js'],
    ['classic', 'worker-classic.js'],
  ] as const)(
    '[SDK6] a %s one by %s sends all that a page wrote, takes the answers in, and has every part',
    async (type, file) => {
      const store = randomUUID()
      const page = await openIn(store)
      const { board, draft } = await makeWork(page)
      const worker = await startWorker(page, type, file)
      await openInWorker(worker, store)
      expect(await syncInWorker(worker)).toMatchObject({ pending: 0, problem: null, state: 'idle' })
      await until(
        () => told(page),
        (found) => JSON.stringify(found) === JSON.stringify(AS_SYNCED),
      )
      // Another device has all of it, and the worker pulls what that one adds.
      const other = await openIn(randomUUID())
      await sync(other)
      const changed = await other.evaluate(
        async (ids) => {
          const boards = window.replica.collection('boards')
          await boards.text(ids.board, 'body').insert(5, ' worker')
          await boards.counter(ids.board, 'likes').increment(1)
          await window.replica.collection('pages').text(ids.draft, 'body').insert(0, '_')
          return (await window.replica.sync()).pending
        },
        { board, draft },
      )
      expect(changed).toBe(0)
      const found = await worker.evaluate(
        async (ids) => {
          const { replica } = globalThis as unknown as WorkerScope
          await replica.sync()
          const boards = replica.collection('boards')
          await boards.counter(ids.board, 'likes').increment(1)
          const { recordId } = await boards.put(null, {})
          await boards.mergeCrdt(await boards.exportCrdt(ids.board))
          return {
            board: (await boards.get(ids.board))?.data,
            page: (await replica.collection('pages').get(ids.draft))?.data,
            isThere: (await boards.get(recordId)) !== undefined,
            isAccount: Object.keys(await replica.diagnostics()).length > 0,
            problem: (await replica.sync()).problem,
          }
        },
        { board, draft },
      )
      expect(found).toEqual({
        board: { title: 'x', body: 'hello worker', likes: 3 },
        page: { body: '_abcd' },
        isThere: true,
        isAccount: true,
        problem: null,
      })
    },
  )

  test('[SDK6] one by browser.js, which can fetch no part, is told which file it needs, and loses nothing', async () => {
    const store = randomUUID()
    const page = await openIn(store)
    const { board } = await makeWork(page)
    const worker = await startWorker(page, 'module', 'browser.js')
    await openInWorker(worker, store)
    expect(await syncInWorker(worker)).toMatchObject({ pending: 6 })
    const refused = await worker.evaluate(async (id) => {
      const likes = (globalThis as unknown as WorkerScope).replica.collection('boards').counter(id, 'likes')
      return likes
        .increment()
        .catch((error: { code?: string; message: string }) => [error.code, error.message])
    }, board)
    expect(refused).toEqual([
      'not_loaded',
      expect.stringMatching(/Service workers use worker\.js\. .*import\(\)/),
    ])
    expect((await sync(page)).problem).toBeNull()
    expect(await told(page)).toEqual(AS_SYNCED)
  })

  test("[SDK6] the worker of the SDK's README works as pasted, at its sync event", async () => {
    const readme = await readFile(path.resolve(import.meta.dirname, '../../lib/client/README.md'), 'utf8')
    const [, script = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? []
    const name = randomUUID()
    const pasted = script.replace('http://127.0.0.1:3000', served.url).replace('tme_…', served.fleet.key)
    expect(pasted).toContain("openIndexedDbStore('notes')")
    app.add(`${name}.js`, pasted)
    const page = await openIn('notes')
    await makeWork(page)
    const devtools = await context.newCDPSession(page)
    const registered = new Promise<string>((resolve) =>
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const found = registrations.find(({ scopeURL }) => scopeURL.includes(name))
        if (found) resolve(found.registrationId)
      }),
    )
    await devtools.send('ServiceWorker.enable')
    await register(page, name, 'module')
    await devtools.send('ServiceWorker.dispatchSyncEvent', {
      origin: app.origin,
      registrationId: await registered,
      tag: 'tidemark',
      lastChance: false,
    })
    await until(
      () => told(page),
      (found) => JSON.stringify(found) === JSON.stringify(AS_SYNCED),
    )
  })
})
