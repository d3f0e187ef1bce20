'use client'
import { useCallback, useSyncExternalStore } from 'react'

/** The server can't know the viewer's zone: it says UTC, and so does the first render in the browser. */
const SERVER_ZONE = 'UTC'

const never = (): (() => void) => () => undefined
const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** The viewer's time zone, safe to hydrate. */
export function useViewerZone(): string {
  return useSyncExternalStore(never, viewerZone, () => SERVER_ZONE)
}

/**
 * The viewer's clock, to `stepMs`; until hydrated it is `serverNowMs`, so both sides render the same.
 * All users of one step share the tick of the browser's timer, not a render.
 */
export function useNow(serverNowMs: number, stepMs = 1_000): number {
  const subscribe = useCallback(
    (changed: () => void) => {
      const timer = setInterval(changed, stepMs)
      return () => clearInterval(timer)
    },
    [stepMs],
  )
  const read = useCallback(() => Math.floor(Date.now() / stepMs) * stepMs, [stepMs])
  const server = useCallback(() => serverNowMs, [serverNowMs])
  return useSyncExternalStore(subscribe, read, server)
}
