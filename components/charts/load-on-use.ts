/** What tells that somebody uses the page: before that, nothing needs to follow a pointer or a key. */
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const
/** A server that is away is not asked with each move of a pointer. */
export const TRIED_AGAIN_AFTER_MS = 5_000

/** A store for `useSyncExternalStore`: null until it is loaded. */
export interface LoadedOnUse<T> {
  readonly subscribe: (changed: () => void) => () => void
  readonly get: () => T | null
}

/**
 * Loads something once the page is used for the first time: by pointer, key or focus. What cannot be loaded (the server is
 * away, or has another version since this tab was opened) stays null, and a later use asks for it again: what stands on the
 * page must not fall with it.
 * @param pageOf where the signs are heard; asked for once somebody subscribes
 */
export function loadOnUse<T>(
  load: () => Promise<T>,
  pageOf: () => EventTarget = () => window,
  now: () => number = Date.now,
): LoadedOnUse<T> {
  const readers = new Set<() => void>()
  let loaded: T | null = null
  let nextTryAtMs = 0

  const use = (): void => {
    if (now() < nextTryAtMs) return
    nextTryAtMs = Number.POSITIVE_INFINITY
    load().then(
      (it) => {
        loaded = it
        hear(false)
        for (const changed of readers) changed()
      },
      () => {
        nextTryAtMs = now() + TRIED_AGAIN_AFTER_MS
      },
    )
  }
  const hear = (on: boolean): void => {
    const page = pageOf()
    for (const sign of SIGNS)
      if (on) page.addEventListener(sign, use, { passive: true, capture: true })
      else page.removeEventListener(sign, use, { capture: true })
  }
  return {
    subscribe(changed) {
      if (readers.size === 0 && loaded === null) hear(true)
      readers.add(changed)
      return () => {
        readers.delete(changed)
        if (readers.size === 0) hear(false)
      }
    },
    get: () => loaded,
  }
}
