/** The last moment that a Date has; PostgreSQL goes on for eighteen thousand years, and has two infinities. */
const DATE_MS_MAX = 8.64e15

/**
 * Unix ms of an entry's time, whatever stands there: whoever owns the table can write one that no Date has, and the log must
 * still be read. The infinities are the ends of what a Date has, and what lies before the later one its neighbour.
 * @param at a number for the infinities, as pg reads them
 */
export function auditMs(at: Date | number): number {
  const ms = typeof at === 'number' ? at : at.getTime()
  if (Number.isNaN(ms)) return DATE_MS_MAX - 1
  return Math.min(Math.max(ms, -DATE_MS_MAX), DATE_MS_MAX)
}

/** The way back, for places in a list that has the newest first: never the same place twice. */
export function auditAt(ms: number): Date | string {
  if (ms >= DATE_MS_MAX) return 'infinity'
  return ms <= -DATE_MS_MAX ? '-infinity' : new Date(ms)
}

/** The same where the oldest is first: behind what a Date has, nothing is read again. */
export const auditAtBehind = (ms: number): Date | string =>
  isAuditTime(ms) || ms < 0 ? auditAt(ms) : 'infinity'

/** Whether a Date has this time. */
export const isAuditTime = (ms: number): boolean => Math.abs(ms) < DATE_MS_MAX - 1
