/** Rows of a settings list on one page. */
export const SETTINGS_ROWS_MAX = 100

/** The rows behind the one with this id, as many as a page has; what is no row's id begins at the first one. Pure. */
export function pageAfter<Row extends { id: string }>(
  rows: readonly Row[],
  cursor: string | null,
): { items: readonly Row[]; next: string | null } {
  const start = cursor === null ? 0 : rows.findIndex(({ id }) => id === cursor) + 1
  const items = rows.slice(start, start + SETTINGS_ROWS_MAX)
  return { items, next: start + items.length < rows.length ? (items.at(-1)?.id ?? null) : null }
}
