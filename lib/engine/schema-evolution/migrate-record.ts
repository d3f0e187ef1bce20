import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual } from '#lib/kernel/json.ts'
import { isWithin, overlaps, toPointer, valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { nearestStamp } from '../conflict/field-stamps.ts'
import type { TextEngine } from '../crdt/restate.ts'
import { restated } from '../crdt/restate.ts'
import type { MigrationFailure } from './migrate-document.ts'
import { pathOf, stepDocument } from './migrate-document.ts'
import type { FieldStamps } from '../types.ts'
import { stepPointer } from './migrate-pointer.ts'
import type { MigrationCel } from './migration-cel.ts'

/** A document with its CRDTs and its fields' stamps; `hlc` is the record's stamp, '' where that isn't known. */
export interface HeldRecord {
  readonly data: JsonObject
  readonly crdt: CrdtStates
  readonly hlc: string
  readonly stamps?: FieldStamps | undefined
}

/**
 * One step of an up-migration on a document with its CRDTs and stamps: they move with their fields (CS3, CS4), and where
 * the step makes another value of a field its CRDT reads as that one.
 */
export function stepRecord(
  held: HeldRecord,
  step: UpMigrationOp,
  cel: MigrationCel,
  texts: TextEngine,
): Result<HeldRecord, MigrationFailure> {
  const { data, crdt, hlc, stamps } = held
  const next = stepDocument(data, step, cel)
  if (!next.ok) return next
  return ok({
    data: next.value,
    crdt: Object.keys(crdt).length === 0 ? crdt : stepStates(held, next.value, step, texts),
    hlc,
    ...(stamps ? { stamps: stepStamps({ data, hlc, stamps }, step) } : {}),
  })
}

/** Where what belongs to a field of this document is after the step; null when it goes, or is replaced. */
function placeAfter(data: JsonObject, step: UpMigrationOp, pointer: string): string | null {
  const moved = stepPointer(pointer, step)
  if (moved === null || step.op !== 'rename') return moved
  const to = toPointer(pathOf(step.to))
  if (!isWithin(moved, to)) return moved
  // What was renamed replaces what stood there; a field without a value replaces nothing.
  const place = toPointer(pathOf(step.path))
  const isReplaced = isWithin(pointer, place) ? !isHeld(data, place) && isHeld(data, to) : isHeld(data, place)
  return isReplaced ? null : moved
}

function stepStates(
  { data, crdt, hlc }: HeldRecord,
  next: JsonObject,
  step: UpMigrationOp,
  texts: TextEngine,
): CrdtStates {
  const place = toPointer(pathOf(step.path))
  const states = new Map<string, CrdtState>()
  for (const [pointer, state] of Object.entries(crdt)) {
    const moved = placeAfter(data, step, pointer)
    if (moved === null) continue
    const [was, is] = [valueAt(data, pointer), valueAt(next, moved)]
    const isComputed = step.op === 'cel' && overlaps(place, pointer)
    if (!isComputed && jsonEqual(was, is)) states.set(moved, state)
    else if (!isPassed(was, is, isComputed && isWithin(pointer, place)))
      states.set(moved, restated(state, is, hlc, moved, texts))
  }
  for (const pointer of states.keys()) if (liesInValue(pointer, states)) states.delete(pointer)
  return Object.fromEntries(states)
}

function stepStamps(
  { data, hlc, stamps }: Pick<HeldRecord, 'data' | 'hlc'> & { readonly stamps: FieldStamps },
  step: UpMigrationOp,
): FieldStamps {
  const place = toPointer(pathOf(step.path))
  const moved = Object.entries(stamps).flatMap(([pointer, stamp]) => {
    const at = placeAfter(data, step, pointer)
    return at === null ? [] : [[at, stamp] as const]
  })
  const isMoved = step.op === 'rename' && isHeld(data, place)
  const own = isMoved ? [[toPointer(pathOf(step.to)), nearestStamp({ hlc, stamps }, place)] as const] : []
  return Object.fromEntries([...moved, ...own])
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
