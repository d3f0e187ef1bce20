import type { Page, PageRequest } from '../ports.ts'

/** Newest first by `atMs`, then by id, from behind the cursor. */
export function pageOf<T>(
  rows: readonly T[],
  place: (row: T) => { atMs: number; id: string },
  request: PageRequest,
): Page<T> {
  const { cursor, limit } = request
  const placed = rows.map((row) => ({ row, ...place(row) }))
  placed.sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))
  const rest = cursor
    ? placed.filter((p) => p.atMs < cursor.atMs || (p.atMs === cursor.atMs && p.id < cursor.id))
    : placed
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map((p) => p.row),
    next: last && rest.length > limit ? { atMs: last.atMs, id: last.id } : null,
  }
}
