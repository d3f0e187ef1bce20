/**
 * Keeps the app's own files on the device, by version, so that it starts without a network. It never touches the device
 * API nor what the replica keeps: an update changes code alone. A new version waits until a person, or the end of the last
 * tab, lets it take over; the caches of older ones go once a page runs by the new one.
 */
import { STARTED, UPDATE_NOW } from './messages.ts'

/** What the build writes in: a hash over all files, and their paths. */
declare const FIELD_VERSION: string
declare const FIELD_FILES: readonly string[]
/** A path that stands in the document of this version and of no other. */
declare const FIELD_ENTRY: string

/** The part of a service worker's world that is used here; TypeScript's own library of it excludes the page's. */
interface WorkerScope {
  readonly clients: { claim(): Promise<void> }
  readonly registration: { readonly waiting: object | null; readonly installing: object | null }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Extendable) => void): void
  addEventListener(type: 'message', listener: (event: Extendable & { readonly data: unknown }) => void): void
  addEventListener(
    type: 'fetch',
    listener: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void
}
interface Extendable {
  waitUntil(work: Promise<unknown>): void
}

const worker = globalThis as unknown as WorkerScope
const PREFIX = 'tidemark-field-'
const CACHE = PREFIX + FIELD_VERSION
const DOCUMENT = '/field'
const FILES = '/field/'

/** All files, or none: a version that is there in part could not start. */
async function keepFiles(): Promise<void> {
  const page = await fetch(DOCUMENT, { cache: 'no-cache' })
  const text = await page.clone().text()
  // A server that changed between the two: the browser looks again later.
  if (!page.ok || !text.includes(FIELD_ENTRY)) throw new Error('the document is of another version')
  const cache = await caches.open(CACHE)
  await cache.addAll([...FIELD_FILES])
  await cache.put(DOCUMENT, page)
}

/** A page starts by the older one too while a newer one is fetched or waits: what that keeps is not older, and stays. */
async function dropOlder(): Promise<void> {
  const { waiting, installing } = worker.registration
  if (waiting !== null || installing !== null) return
  for (const name of await caches.keys())
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name)
}

worker.addEventListener('install', (event) => event.waitUntil(keepFiles()))
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))
worker.addEventListener('message', (event) => {
  if (event.data === UPDATE_NOW) event.waitUntil(worker.skipWaiting())
  if (event.data === STARTED) event.waitUntil(dropOlder())
})
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (url.pathname === DOCUMENT) event.respondWith(fromCache(CACHE, DOCUMENT, request))
  // A page of an older version may ask for a part of it until it begins anew: any cache will do, names go by content.
  else if (url.pathname.startsWith(FILES) && url.pathname !== '/field/sw.js')
    event.respondWith(fromCache(null, url.pathname, request))
})

async function fromCache(name: string | null, path: string, request: Request): Promise<Response> {
  const kept = await (name === null ? caches.match(path) : (await caches.open(name)).match(path))
  return kept ?? fetch(request)
}
