import type { Log, LogFields } from './context.ts'

/**
 * The log of a process: one line of JSON an entry, whatever its texts hold (security check 46).
 * @param write is given whole lines
 * @param now Unix ms
 */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  const entry =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      // First in the line, and no field takes their place.
      const head = { at: new Date(now()).toISOString(), level, message }
      write(`${JSON.stringify({ ...head, ...fields, ...head })}\n`)
    }
  return { info: entry('info'), warn: entry('warn'), error: entry('error') }
}
