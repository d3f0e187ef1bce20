import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual } from '#lib/kernel/json.ts'
import { toPointer, valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { restated } from '../crdt/restate.ts'
import { overlaps } from '../ot/paths.ts'
import type { MigrationFailure } from './migrate-document.ts'
import { pathOf, stepDocument } from './migrate-document.ts'
import { isWithin, stepPointer } from './migrate-pointer.ts'
import type { MigrationCel } from './migration-cel.ts'

/** A document and its CRDTs; `hlc` is the record's stamp, '' where that isn't known. */
export interface HeldRecord {
  readonly data: JsonObject
  readonly crdt: CrdtStates
  readonly hlc: string
}

/**
 * One step of an up-migration on a document with its CRDTs (CS4): they move with their fields, and where the step makes
 * another value of a field its CRDT reads as that one.
 */
export function stepRecord(
  { data, crdt, hlc }: HeldRecord,
  step: UpMigrationOp,
  cel: MigrationCel,
): Result<HeldRecord, MigrationFailure> {
  const next = stepDocument(data, step, cel)
  if (!next.ok) return next
  const pointers = Object.keys(crdt)
  if (pointers.length === 0) return ok({ data: next.value, crdt, hlc })
  const place = toPointer(pathOf(step.path))
  const to = step.op === 'rename' ? toPointer(pathOf(step.to)) : null
  const isFull = isHeld(data, place)
  const states = new Map<string, CrdtState>()
  for (const pointer of pointers) {
    const state = crdt[pointer] as CrdtState
    const isOwn = isWithin(pointer, place)
    const moved = stepPointer(pointer, step)
    // What was renamed replaces what stood there; a field without a value replaces nothing.
    const isReplaced =
      to !== null && isWithin(moved ?? '', to) && (isOwn ? !isFull && isHeld(data, to) : isFull)
    if (moved === null || isReplaced) continue
    const [was, is] = [valueAt(data, pointer), valueAt(next.value, moved)]
    const isComputed = step.op === 'cel' && overlaps(place, pointer)
    if (!isComputed && jsonEqual(was, is)) states.set(moved, state)
    else if (!isPassed(was, is, isComputed && isOwn)) states.set(moved, restated(state, is, hlc))
  }
  for (const pointer of states.keys()) if (liesInValue(pointer, states)) states.delete(pointer)
  return ok({ data: next.value, crdt: Object.fromEntries(states), hlc })
}

/** Nothing is left for the CRDT to say: members of what held nothing have CRDTs of their own, or the place is gone. */
const isPassed = (was: Json | undefined, is: Json | undefined, isBelow: boolean): boolean =>
  (isEmptyObject(was) && is !== undefined && isJsonObject(is)) || (isBelow && is === undefined)

const isHeld = (data: JsonObject, pointer: string): boolean => valueAt(data, pointer) !== undefined

const isEmptyObject = (value: Json | undefined): boolean =>
  value !== undefined && isJsonObject(value) && Object.keys(value).length === 0

/** True when a register above holds the value as a part of its own. */
function liesInValue(pointer: string, states: ReadonlyMap<string, CrdtState>): boolean {
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    const above = states.get(pointer.slice(0, end))
    if (above?.kind === 'lww-register' && above.value !== undefined && !isEmptyObject(above.value))
      return true
  }
  return false
}
