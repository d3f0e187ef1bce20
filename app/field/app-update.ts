import { writesSettled } from './pending-writes.ts'
import { STARTED, UPDATE_NOW } from './worker/messages.ts'

/** The service worker's place and reach; the server allows it to reach the document itself. */
const WORKER = { script: '/field/sw.js', scope: '/field' }
const LOOK_EVERY_MS = 3_600_000

const listeners = new Set<() => void>()
let waiting: ServiceWorker | null = null

const setWaiting = (worker: ServiceWorker | null): void => {
  waiting = worker
  for (const listener of listeners) listener()
}

/** Whether a newer version of the app is on this device and waits for its turn. */
export const updateWaits = {
  get: (): boolean => waiting !== null,
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}

/** Lets the newer version take over, once every write of this page is on the disk; all tabs then begin anew by it. */
export async function updateNow(): Promise<void> {
  await writesSettled()
  waiting?.postMessage(UPDATE_NOW)
}

/**
 * Keeps the app on this device, so that it starts without a network, and looks for newer versions. A page of an older
 * version begins anew when a newer one takes over: what is typed is kept, what is saved is in the store.
 */
export async function keepOnDevice(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const { serviceWorker } = navigator
  const wasLed = serviceWorker.controller !== null
  let isFirst = !wasLed
  serviceWorker.addEventListener('controllerchange', () => {
    if (isFirst) {
      isFirst = false
      return
    }
    void writesSettled().then(() => location.reload())
  })
  serviceWorker.controller?.postMessage(STARTED)
  const registration = await serviceWorker.register(WORKER.script, {
    scope: WORKER.scope,
    updateViaCache: 'none',
  })
  // Where no older one leads, the first takes over by itself.
  const note = (): void => setWaiting(serviceWorker.controller !== null ? registration.waiting : null)
  const followWorker = (worker: ServiceWorker | null): void =>
    worker?.addEventListener('statechange', () => note())
  registration.addEventListener('updatefound', () => followWorker(registration.installing))
  followWorker(registration.installing)
  note()
  const look = (): void => void registration.update().catch(() => undefined)
  setInterval(look, LOOK_EVERY_MS)
  addEventListener('online', look)
}
