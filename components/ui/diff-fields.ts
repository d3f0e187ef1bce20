/** One record from three sides, field by field. Pure. */
import { ownValue, type Json, type JsonObject } from '#lib/kernel/json.ts'

export type DiffMark = 'changed' | 'refused' | null
export type DiffCell = { text: string; note: string | null; mark: DiffMark }
export type DiffRow = { field: string; base: DiffCell; device: DiffCell; server: DiffCell }

export type DiffInput = {
  /** The version the change was made on; null when it is no longer kept or the record was new. */
  base: JsonObject | null
  /** The base with the device's change in it. */
  device: JsonObject
  /** The record now; null when there is none. */
  server: JsonObject | null
  /** Field → why the schema or a rule refused it. */
  refused: Readonly<Record<string, string>>
}

/** Rows of the fields that differ on any side or were refused; the equal ones are counted. */
export function diffFields({ base, device, server, refused }: DiffInput): { rows: DiffRow[]; equal: number } {
  const fields = [...new Set([base, device, server].flatMap((side) => Object.keys(side ?? {})))]
  const rows: DiffRow[] = []
  for (const field of fields) {
    const why = Object.hasOwn(refused, field) ? (refused[field] ?? null) : null
    const [was, mine, theirs] = [base, device, server].map((side) => textOf(side, field)) as [
      string,
      string,
      string,
    ]
    if (why === null && was === mine && mine === theirs) continue
    rows.push({
      field,
      base: { text: was, note: null, mark: null },
      device:
        why === null
          ? { text: mine, note: null, mark: mine === was ? null : 'changed' }
          : { text: mine, note: why, mark: 'refused' },
      server: { text: theirs, note: null, mark: server === null || theirs === was ? null : 'changed' },
    })
  }
  return { rows, equal: fields.length - rows.length }
}

/** Absent and null are different things in a record, so they are different words. */
function textOf(side: JsonObject | null, field: string): string {
  if (side === null) return 'no record'
  const value = ownValue(side, field)
  return value === undefined ? 'absent' : stable(value)
}

/** Objects with their keys in order, so that key order alone is no difference. */
function stable(value: Json): string {
  return JSON.stringify(value, (_key, item: Json) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
