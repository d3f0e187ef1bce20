import { conflictFields } from '#components/status/conflict-fields.ts'
import type { ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import { withField } from '#lib/application/dead-letters/edit-fields.ts'
import { topField } from '#lib/protocol/field-name.ts'

type Document = NonNullable<ShownConflict['conflict']['local']>
type Value = Document[string] | undefined

/** A field in which the sides differ; undefined where it is not there. */
export type Contested = { readonly name: string; readonly mine: Value; readonly theirs: Value }

/** A value as it is shown. Pure. */
export const fieldText = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value))

/** Pure. */
export function contested(local: Document | null, now: Document | null): readonly Contested[] {
  if (local === null || now === null) return []
  return conflictFields(local, now).map(({ field, mine, theirs }) => ({ name: field, mine, theirs }))
}

/**
 * Where a person begins: the record as it stands, with what the device says in the fields that both changed; where one side
 * is a delete, the other one. Pure.
 */
export function startOf(local: Document | null, now: Document | null, fields: readonly string[]): Document {
  if (now === null) return local ?? {}
  if (local === null) return now
  const names = new Set(fields.map(topField))
  const start = contested(local, now)
    .filter(({ name }) => names.has(name))
    .reduce<unknown>((op, { name, mine }) => withField(op, name, mine), { type: 'put', data: now })
  return (start as { readonly data: Document }).data
}
