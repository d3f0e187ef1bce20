/** A conflict field by field, as the device that made the change sees it. Pure. */
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson, ownValue } from '#lib/kernel/json.ts'

export type Side = 'mine' | 'theirs'

export interface ConflictField {
  readonly field: string
  readonly mine: Json | undefined
  readonly theirs: Json | undefined
}

const text = (value: Json | undefined): string => (value === undefined ? '' : canonicalJson(value))

/** Whether two sides say the same, in whatever order an object has its names. */
export const sameValue = (one: Json | undefined, other: Json | undefined): boolean =>
  text(one) === text(other)

/**
 * The fields in which the two sides differ, in the order in which the record has them. Fields that merge by themselves
 * (counts, labels, shared texts) are nobody's to choose: `merging` names them.
 */
export function conflictFields(
  mine: JsonObject,
  theirs: JsonObject,
  merging: readonly string[] = [],
): readonly ConflictField[] {
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])]
  return names
    .filter((name) => !merging.includes(name))
    .map((field) => ({ field, mine: ownValue(mine, field), theirs: ownValue(theirs, field) }))
    .filter((row) => !sameValue(row.mine, row.theirs))
}

/** What to write so that the record has the chosen side of each field. Fields without a choice are the server's. */
export function chosenChanges(
  fields: readonly ConflictField[],
  chosen: Readonly<Record<string, Side>>,
): { readonly set: JsonObject; readonly unset: readonly string[] } {
  const set: Record<string, Json> = {}
  const unset: string[] = []
  for (const { field, mine, theirs } of fields) {
    const value = chosen[field] === 'mine' ? mine : theirs
    if (value === undefined) unset.push(field)
    else set[field] = value
  }
  return { set, unset }
}
