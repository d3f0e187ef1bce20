import { applyPatch } from 'rfc6902'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { ARRAY_INDEX, fromPointer, toPointer, valueIn, type Path } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { applyOperation, touchedPointers } from './patch.ts'

/** One step of a JSON Patch (RFC 6902); its form is checked where it comes in. */
export type PatchStep = Parameters<typeof applyPatch>[1][number]

/** The library passes these over in a pointer, and would patch what is around them. */
const PASSED_OVER: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
/** A key that is data here, and that the library would take for the prototype of what it copies. */
const UNSAFE = '"__proto__"'

/**
 * What an operation becomes when a JSON Patch is applied to what it wants (DL19): a `put` stays one; a `patch` of some fields
 * stays one of these and of those that the JSON Patch touches, so that it conflicts with no others. Others have no document.
 * @param base the document that it goes on from; undefined where that is not known
 */
export function patchOperation(
  op: Operation,
  base: JsonObject | null | undefined,
  steps: readonly PatchStep[],
): Result<Operation, string> {
  if (op.type === 'put') {
    const data = patched(op.data, steps)
    return data.ok ? ok({ type: 'put', data: data.value }) : data
  }
  if (op.type !== 'patch') return err(`a ${op.type} has no document to patch`)
  if (base === undefined) return err('the document that it goes on from is not known')
  const wanted = applyOperation(base, op)
  if (!wanted.ok)
    return err(`it cannot be carried out on its base: ${wanted.error.code.replaceAll('_', ' ')}`)
  const data = patched(wanted.value ?? {}, steps)
  if (!data.ok) return data
  const pointers = [...(touchedPointers(op) ?? []), ...steps.flatMap(pointersOf)]
  return ok(operationOver(pointers, [wanted.value ?? {}, data.value], data.value))
}

const pointersOf = (step: PatchStep): readonly string[] => {
  if (step.op === 'test') return []
  return step.op === 'move' ? [step.from, step.path] : [step.path]
}

/** These places of a document as a patch. Within a list all of the list: its indices may mean others by now. */
function operationOver(
  pointers: readonly string[],
  documents: readonly JsonObject[],
  data: JsonObject,
): Operation {
  const set = new Map<string, Json>()
  const unset: string[] = []
  for (const pointer of new Set(pointers.map((one) => outsideLists(fromPointer(one) ?? [], documents)))) {
    const value = valueIn(data, fromPointer(pointer) ?? [])
    if (value === undefined) unset.push(pointer)
    else set.set(pointer, value)
  }
  return {
    type: 'patch',
    ...(set.size > 0 ? { set: Object.fromEntries(set) } : {}),
    ...(unset.length > 0 ? { unset } : {}),
  }
}

/** The pointer, or that of the outermost list that it leads through in one of the documents. */
function outsideLists(path: Path, documents: readonly JsonObject[]): string {
  for (let length = 1; length < path.length; length++) {
    const outer = path.slice(0, length)
    if (documents.some((one) => Array.isArray(valueIn(one, outer)))) return toPointer(outer)
  }
  return toPointer(path)
}

function patched(document: JsonObject, steps: readonly PatchStep[]): Result<JsonObject, string> {
  const text = JSON.stringify(document)
  if (text.includes(UNSAFE)) return err('a document with the key __proto__ is not patched')
  const copy = JSON.parse(text) as JsonObject
  for (const step of steps) {
    const wrong = misplaced(copy, step)
    if (wrong !== null) return err(wrong)
    const [failed] = applyPatch(copy, [step])
    // The library's own words hold the values.
    if (failed) return err(step.op === 'test' ? `${step.path} is not what it is tested for` : failed.message)
  }
  return isJsonObject(copy) ? ok(copy) : err('no document is left')
}

/**
 * Why a step has no place in a document. The library would follow what a document inherits (`/constructor/prototype`), take
 * what is no index of a list for one, and throw for what is no pointer: each place is found in the document's own members.
 */
function misplaced(document: JsonObject, step: PatchStep): string | null {
  const makes = step.op === 'add' || step.op === 'move' || step.op === 'copy'
  const from = step.op === 'move' || step.op === 'copy' ? misplacedAt(document, step.from, true) : null
  return from ?? misplacedAt(document, step.path, !makes)
}

function misplacedAt(document: JsonObject, pointer: string, mustBe: boolean): string | null {
  const path = fromPointer(pointer)
  if (!path) return `${pointer} is no JSON Pointer`
  if (path.some((part) => PASSED_OVER.has(part))) return `${pointer} names what is not patched`
  const last = path.at(-1)
  if (last === undefined) return 'the whole document is no place of it'
  const parent = valueIn(document, path.slice(0, -1))
  if (parent === null || typeof parent !== 'object') return `${pointer} is not there`
  if (Array.isArray(parent) && last !== '-' && !ARRAY_INDEX.test(last))
    return `${pointer} is no place of a list`
  return mustBe && valueIn(document, path) === undefined ? `${pointer} is not there` : null
}

/** Whether steps name only what can be patched safely; their form is checked before. Pure. */
export const isSafePatch = (steps: readonly PatchStep[]): boolean =>
  !JSON.stringify(steps).includes(UNSAFE) &&
  steps.every((step) =>
    [step.path, 'from' in step ? step.from : '']
      .flatMap((pointer) => fromPointer(pointer) ?? [])
      .every((part) => !PASSED_OVER.has(part)),
  )
