import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual, ownValue } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { LetterChange } from './letter-history.ts'

/** Places that the audit entry of an edit names. */
const CHANGES_MAX = 50
/** Characters of one value in it. */
const VALUE_CHARS_MAX = 200

/** Where two operations differ, for the audit log, as pointers into them; whoever calls masks both. Pure. */
export function editChanges(
  before: Operation,
  after: Operation,
): { readonly changes: readonly LetterChange[]; readonly changesLeftOut: number } {
  const found: LetterChange[] = []
  compare(before as unknown as Json, after as unknown as Json, [], found)
  return { changes: found.slice(0, CHANGES_MAX), changesLeftOut: Math.max(0, found.length - CHANGES_MAX) }
}

/** Objects by their keys; lists and the rest as a whole. */
function compare(before: Json | undefined, after: Json | undefined, path: Path, into: LetterChange[]): void {
  if (jsonEqual(before, after)) return
  if (before !== undefined && after !== undefined && isJsonObject(before) && isJsonObject(after)) {
    for (const key of keysOf(before, after))
      compare(ownValue(before, key), ownValue(after, key), [...path, key], into)
    return
  }
  into.push({ pointer: toPointer(path), before: shown(before), after: shown(after) })
}

const keysOf = (a: JsonObject, b: JsonObject): ReadonlySet<string> =>
  new Set([...Object.keys(a), ...Object.keys(b)])

function shown(value: Json | undefined): string | null {
  if (value === undefined) return null
  const text = JSON.stringify(value)
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX - 1)}…`
}
