import type { GroupRow } from '#lib/storage/ports.ts'

/** A group of which nobody said anything yet. */
export const plainRow = (id: string): GroupRow => ({
  id,
  rootId: id,
  mergedInto: null,
  byHand: false,
  title: null,
  note: '',
  owner: null,
  snoozedUntilMs: null,
  version: 0,
})

/** What it was merged into, and so on to the end; its own id where it was not. A circle ends as well. Pure. */
export function rootOf(id: string, rows: ReadonlyMap<string, GroupRow>): string {
  const passed = new Set<string>()
  let at = id
  for (let next = rows.get(at)?.mergedInto; next && !passed.has(next); next = rows.get(at)?.mergedInto) {
    passed.add(at)
    at = next
  }
  return at
}

/** Rows that are changed, and those whose end is another one by that. Pure. */
export function withRoots(
  changed: readonly GroupRow[],
  rows: ReadonlyMap<string, GroupRow>,
): readonly GroupRow[] {
  const all = new Map([...rows, ...changed.map((row): [string, GroupRow] => [row.id, row])])
  const ids = new Set(changed.map((row) => row.id))
  return [...all.values()].flatMap((row) => {
    const rootId = rootOf(row.id, all)
    return ids.has(row.id) || rootId !== row.rootId ? [{ ...row, rootId }] : []
  })
}
