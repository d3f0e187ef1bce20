import type { Network } from './replica.ts'

/** What the browser says of its connection; null elsewhere. `onLine` true promises little, false is certain. */
export function browserNetwork(): Network | null {
  const { navigator } = globalThis as { navigator?: Partial<Navigator> }
  if (typeof navigator?.onLine !== 'boolean' || typeof globalThis.addEventListener !== 'function') return null
  return {
    isOnline: () => globalThis.navigator.onLine,
    subscribe(listener) {
      for (const event of ['online', 'offline']) globalThis.addEventListener(event, listener)
      return () => {
        for (const event of ['online', 'offline']) globalThis.removeEventListener(event, listener)
      }
    },
  }
}
