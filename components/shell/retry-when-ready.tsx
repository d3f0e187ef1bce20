'use client'
import { useEffect } from 'react'

/** How often a page that failed asks whether the server is ready again, give or take half. */
export const READY_ASKED_EVERY_MS = 2_000

/** Calls `retry` once the server says that it and its database answer; while they don't, a retry would fail again. */
export function RetryWhenReady({ retry }: { retry: () => void }) {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    let stopped = false
    const wait = (): void => {
      if (!stopped) timer = setTimeout(() => void ask(), READY_ASKED_EVERY_MS * (0.5 + Math.random()))
    }
    const ask = async (): Promise<void> => {
      const isReady = !document.hidden && (await isServerReady())
      if (stopped) return
      if (isReady) retry()
      wait()
    }
    wait()
    return () => {
      stopped = true
      if (timer !== null) clearTimeout(timer)
    }
  }, [retry])
  return null
}

const isServerReady = (): Promise<boolean> =>
  fetch('/readyz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )
