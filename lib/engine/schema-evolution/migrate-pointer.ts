import { isWithin, overlaps, toPointer } from '#lib/kernel/json-pointer.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'
import type { CollectionRules } from '../types.ts'
import { pathOf } from './migrate-document.ts'

/** What says how documents of older versions become today's. */
export type Evolving = Pick<CollectionRules, 'schemaVersion' | 'upMigrations'>

/** The declared migrations from a version on, in order; where none is declared nothing changes (DL5). */
export function migrationsFrom(
  { schemaVersion, upMigrations }: Evolving,
  from: number,
): readonly UpMigration[] {
  const path: UpMigration[] = []
  let version = from
  for (const migration of upMigrations.toSorted((a, b) => a.from - b.from)) {
    if (migration.from < version || migration.to > schemaVersion) continue
    path.push(migration)
    version = migration.to
  }
  return path
}

const stepsFrom = (rules: Evolving, from: number): readonly UpMigrationOp[] =>
  migrationsFrom(rules, from).flatMap(({ ops }) => ops)

/** Where what stands at a pointer lies after a step; null when it goes. A step on values leaves it where it is. */
export function stepPointer(pointer: string, step: UpMigrationOp): string | null {
  if (step.op !== 'rename' && step.op !== 'remove') return pointer
  const from = toPointer(pathOf(step.path))
  if (!isWithin(pointer, from)) return pointer
  return step.op === 'remove' ? null : toPointer(pathOf(step.to)) + pointer.slice(from.length)
}

/** A pointer of an older version under today's name; null for one that goes. */
export const migratePointer = (rules: Evolving, pointer: string, from: number): string | null =>
  stepsFrom(rules, from).reduce<string | null>((at, step) => at && stepPointer(at, step), pointer)

/**
 * Values by pointer, moved with their fields, and gone with them. Where a field is renamed onto one that has a value too,
 * the renamed one's counts, as in the reading of the log (DL5).
 */
export function migrateStates<T>(
  rules: Evolving,
  states: Readonly<Record<string, T>>,
  from: number,
): Readonly<Record<string, T>> {
  if (from >= rules.schemaVersion || rules.upMigrations.length === 0) return states
  const moved = stepsFrom(rules, from).reduce<readonly PlacedState<T>[]>(
    stepPlaces,
    Object.entries(states).map(([at, state]) => ({ at, state })),
  )
  return Object.fromEntries(moved.map(({ at, state }) => [at, state]))
}

interface PlacedState<T> {
  readonly at: string
  readonly state: T
}

function stepPlaces<T>(placed: readonly PlacedState<T>[], step: UpMigrationOp): readonly PlacedState<T>[] {
  const moved = placed.flatMap(({ at: from, state }) => {
    const at = stepPointer(from, step)
    return at === null ? [] : [{ at, state, isRenamed: at !== from }]
  })
  const isTaken = moved.some(({ isRenamed }) => isRenamed)
  const to = step.op === 'rename' && isTaken ? toPointer(pathOf(step.to)) : null
  return moved.filter(({ at, isRenamed }) => isRenamed || to === null || !isWithin(at, to))
}

/** A step computes the value at the pointer, above or below it. */
export function isComputed(rules: Evolving, pointer: string, from: number): boolean {
  let at: string | null = pointer
  for (const step of stepsFrom(rules, from)) {
    if (at !== null && step.op === 'cel' && overlaps(toPointer(pathOf(step.path)), at)) return true
    at = at && stepPointer(at, step)
  }
  return false
}
