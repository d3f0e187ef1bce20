import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { copyObject, defineKey, isJsonObject, ownValue, depthWithin } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import { JSON_DEPTH_MAX } from '#lib/protocol/limits.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import { parseKey } from '../patch.ts'
import { readState } from './crdt-state.ts'
import type { CrdtFailure, CrdtFailureCode } from './failure.ts'
import type { TextCrdt } from './text.ts'

/**
 * The document: what is plain, with what each CRDT reads as at its path. Missing parents become objects; a parent that
 * is something else is `not_a_container`.
 */
export function materialise(
  plain: JsonObject,
  states: CrdtStates,
  text: TextCrdt | null,
): Result<JsonObject, CrdtFailure> {
  const root = copyObject(plain)
  /** Objects that this function made, and may write to. */
  const own = new Set<JsonObject>([root])
  /** Paths with a value that nothing may lie under. */
  const closed = new Set<string>()
  // A pointer sorts before those under it, so that parents come first.
  for (const path of Object.keys(states).sort()) {
    const at = pathOf(path)
    if (!at) return err({ code: 'bad_pointer', path })
    const value = readState(states[path] as CrdtStates[string], text)
    if (!value.ok) return err({ code: value.error, path })
    if (value.value === undefined) continue
    if (isUnder(at, closed)) return err({ code: 'not_a_container', path })
    const code = place(root, own, at, value.value)
    if (code) return err({ code, path })
    if (!isEmptyObject(value.value)) closed.add(path)
  }
  return ok(root)
}

/** The path of a CRDT; null for what is no pointer, and for the root, which is no field. */
export const pathOf = (pointer: string): Path | null => (pointer.startsWith('/') ? parseKey(pointer) : null)

const isEmptyObject = (value: Json): boolean => isJsonObject(value) && Object.keys(value).length === 0
const isUnder = (path: Path, pointers: ReadonlySet<string>): boolean =>
  path.some((_, length) => length > 0 && pointers.has(toPointer(path.slice(0, length))))

function place(
  root: Record<string, Json>,
  own: Set<JsonObject>,
  path: Path,
  value: Json,
): CrdtFailureCode | null {
  if (!depthWithin(value, JSON_DEPTH_MAX - path.length)) return 'too_deep'
  let node = root
  for (const key of path.slice(0, -1)) {
    const child = ownValue(node, key)
    if (child !== undefined && !isJsonObject(child)) return 'not_a_container'
    const next = child && own.has(child) ? (child as Record<string, Json>) : copyObject(child ?? {})
    own.add(next)
    defineKey(node, key, next)
    node = next
  }
  defineKey(node, path.at(-1) as string, value)
  return null
}
