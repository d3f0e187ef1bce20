import type { Log } from './surroundings.ts'

export interface Ticker {
  /** Ends after the turn that is running. */
  stop(): Promise<void>
}

/** Runs `turn` again and again, each `everyMs` after the last one ended: turns never overlap. A failure is logged. */
export function startTicker(name: string, everyMs: number, log: Log, turn: () => Promise<unknown>): Ticker {
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let running = Promise.resolve()
  const run = async (): Promise<void> => {
    try {
      await turn()
    } catch (error) {
      log.error('a periodic task failed', {
        task: name,
        error: error instanceof Error ? error.message : String(error),
      })
    }
    if (!stopped) schedule()
  }
  const schedule = (): void => {
    timer = setTimeout(() => void (running = run()), everyMs)
    timer.unref()
  }
  schedule()
  return {
    stop: async () => {
      stopped = true
      if (timer) clearTimeout(timer)
      await running
    },
  }
}
