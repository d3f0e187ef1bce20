import { refreshDelayMs } from '#components/shell/live-connection.ts'

/** An open dialog or menu: whatever changes under it waits. */
const BUSY = '[role="dialog"][data-state="open"], [role="menu"][data-state="open"]'

/** After this long without an end, a refresh counts as lost and the next may start. */
export const REFRESH_LOST_MS = 60_000

export type Refresher = {
  /** Something changed: fetch the page when that disturbs nobody. */
  request: () => void
  /** The page that the last refresh asked for is shown. */
  settled: () => void
  stop: () => void
}

/**
 * Calls `refresh` at most every `everyMs`, never in a hidden tab, never under an open dialog or menu, and never
 * before the last one settled: a newer one takes an unfinished one's place, so a slow server's page would never show.
 */
export function startRefresher(refresh: () => void, everyMs: number): Refresher {
  let wanted = false
  let lastMs = 0
  let underWay = false
  let timer: ReturnType<typeof setTimeout> | null = null

  const schedule = (delayMs: number): void => {
    if (timer === null && !document.hidden) timer = setTimeout(run, delayMs)
  }
  const run = (): void => {
    timer = null
    if (!wanted || document.hidden) return
    const isWaited = underWay && Date.now() - lastMs < REFRESH_LOST_MS
    if (isWaited || document.querySelector(BUSY) !== null) return schedule(everyMs)
    wanted = false
    lastMs = Date.now()
    underWay = true
    refresh()
  }
  const request = (): void => {
    wanted = true
    schedule(refreshDelayMs(lastMs, Date.now(), everyMs))
  }
  const onVisible = (): void => {
    if (wanted) request()
  }
  document.addEventListener('visibilitychange', onVisible)
  return {
    request,
    settled: () => {
      underWay = false
    },
    stop: () => {
      document.removeEventListener('visibilitychange', onVisible)
      if (timer !== null) clearTimeout(timer)
      timer = null
      wanted = false
    },
  }
}
