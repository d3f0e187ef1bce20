import type { Cursor, Page } from '../ports.ts'

/** Prisma's condition for the rows behind a cursor, newest first by `column` and id. */
export function pageAfter(
  column: string,
  cursor: Cursor | null,
  id = 'id',
): { OR?: Record<string, unknown>[] } {
  if (!cursor) return {}
  const time = new Date(cursor.atMs)
  return { OR: [{ [column]: { lt: time } }, { [column]: time, [id]: { lt: cursor.id } }] }
}

/** A page from rows that were asked for with one more than `limit`. */
export function pageOf<T>(rows: readonly T[], place: (row: T) => Cursor, limit: number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last && rows.length > limit ? place(last) : null }
}
