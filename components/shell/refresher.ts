import { refreshDelayMs } from '#components/shell/live-connection.ts'

/** An open dialog or menu: whatever changes under it waits. */
const BUSY = '[role="dialog"][data-state="open"], [role="menu"][data-state="open"]'

export type Refresher = {
  /** Something changed: fetch the page when that disturbs nobody. */
  request: () => void
  stop: () => void
}

/** Calls `refresh` at most every `everyMs`, never in a hidden tab, never under an open dialog or menu. */
export function startRefresher(refresh: () => void, everyMs: number): Refresher {
  let wanted = false
  let lastMs = 0
  let timer: ReturnType<typeof setTimeout> | null = null

  const schedule = (delayMs: number): void => {
    if (timer === null && !document.hidden) timer = setTimeout(run, delayMs)
  }
  const run = (): void => {
    timer = null
    if (!wanted || document.hidden) return
    if (document.querySelector(BUSY) !== null) return schedule(everyMs)
    wanted = false
    lastMs = Date.now()
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
    stop: () => {
      document.removeEventListener('visibilitychange', onVisible)
      if (timer !== null) clearTimeout(timer)
      timer = null
      wanted = false
    },
  }
}
