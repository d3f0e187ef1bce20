/** One record from three sides, field by field. Pure. */
import { ownValue, type Json, type JsonObject } from '#lib/kernel/json.ts'

export type DiffMark = 'changed' | 'refused' | null
export type DiffCell = { text: string; note: string | null; mark: DiffMark }
export type DiffRow = {
  field: string
  base: DiffCell
  device: DiffCell
  server: DiffCell
  /** Null where nothing is foretold. */
  after: DiffCell | null
}

export type DiffInput = {
  /** The version the change was made on; null when it is no longer kept or the record was new. */
  base: JsonObject | null
  /** The base with the device's change in it. */
  device: JsonObject
  /** The record now; null when there is none. */
  server: JsonObject | null
  /** Field → why the schema or a rule refused it. */
  refused: Readonly<Record<string, string>>
  /** The record as a replay would leave it, null for none; left out where that isn't known, or nothing would change. */
  after?: JsonObject | null
  /** The device's side as a person edited it, where one did. */
  edited?: JsonObject | null
  /** Where `after` is what stands today: what a decision left, null before one. Any other third value came later. */
  settled?: JsonObject | null
}

/** Rows of the fields that differ on any side or were refused; the equal ones are counted. */
export function diffFields({ base, device, server, refused, after, edited, settled }: DiffInput): {
  rows: DiffRow[]
  equal: number
} {
  const fields = [...new Set([base, device, server, after].flatMap((side) => Object.keys(side ?? {})))]
  const rows: DiffRow[] = []
  for (const field of fields) {
    const why = Object.hasOwn(refused, field) ? (refused[field] ?? null) : null
    const [was, mine, theirs] = [base, device, server].map((side) => textOf(side, field)) as [
      string,
      string,
      string,
    ]
    const then = after === undefined ? null : textOf(after, field)
    const isEqual = was === mine && mine === theirs && (then === null || then === theirs)
    if (why === null && isEqual) continue
    const left = settled === undefined ? undefined : settled && textOf(settled, field)
    const typed = edited === undefined || edited === null ? null : textOf(edited, field)
    rows.push({
      field,
      base: { text: was, note: null, mark: null },
      device:
        why === null
          ? { text: mine, note: null, mark: mine === was ? null : 'changed' }
          : { text: mine, note: why, mark: 'refused' },
      server: { text: theirs, note: null, mark: server === null || theirs === was ? null : 'changed' },
      after:
        then === null
          ? null
          : { text: then, note: originOf(then, { was, mine, theirs, typed, left }), mark: null },
    })
  }
  return { rows, equal: fields.length - rows.length }
}

/** Whose value it is that a replay would leave, where the sides differ. Pure. */
function originOf(
  then: string,
  {
    was,
    mine,
    theirs,
    typed,
    left,
  }: Readonly<Record<'was' | 'mine' | 'theirs', string>> & {
    typed: string | null
    left: string | null | undefined
  },
): string | null {
  if (typed !== null && typed !== mine && then === typed) return 'by your edit'
  if (mine === theirs && then === theirs) return null
  if (then === mine && mine !== was) return 'from device'
  if (then === theirs && theirs !== 'no record') return 'from server'
  if (then === mine) return 'from device'
  if (left === undefined || then === left) return 'merged'
  return then === 'no record' ? null : 'changed since'
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
