import type { Cursor, Page } from '../ports.ts'

/** A page from rows that were asked for with one more than `limit`. */
export function pageOf<T>(rows: readonly T[], place: (row: T) => Cursor, limit: number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last && rows.length > limit ? place(last) : null }
}
