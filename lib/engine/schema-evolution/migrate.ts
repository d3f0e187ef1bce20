import type { JsonObject } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'
import { overlaps } from '../ot/paths.ts'
import type { CollectionRules } from '../types.ts'
import type { MigrationFailure } from './migrate-document.ts'
import { pathOf, stepDocument } from './migrate-document.ts'
import { stepPatch } from './migrate-patch.ts'
import { stepPointer } from './migrate-pointer.ts'

type Evolving = Pick<CollectionRules, 'schemaVersion' | 'upMigrations'>

/** The declared migrations from a version on, in order; where none is declared nothing changes (DL5). */
function migrationsFrom(upMigrations: readonly UpMigration[], from: number): readonly UpMigration[] {
  const path: UpMigration[] = []
  let version = from
  for (const migration of upMigrations.toSorted((a, b) => a.from - b.from)) {
    if (migration.from < version) continue
    path.push(migration)
    version = migration.to
  }
  return path
}

/**
 * A document of an older schema version as today's schema would have it (DL5). What can't be migrated is told, with
 * the versions; the caller decides what that means.
 */
export function migrateDocument(
  rules: Evolving,
  document: JsonObject,
  from: number,
): Result<JsonObject, MigrationFailure> {
  return run(rules, document, from, stepDocument)
}

/** The same for what a mutation does: a `put` by its document, a `patch` by its paths and values. */
export function migrateMutation(rules: Evolving, mutation: Mutation): Result<Mutation, MigrationFailure> {
  const { op, schemaVersion } = mutation
  if (schemaVersion >= rules.schemaVersion || rules.upMigrations.length === 0) return ok(mutation)
  if (op.type === 'put') {
    const data = migrateDocument(rules, op.data, schemaVersion)
    return data.ok ? ok({ ...mutation, op: { ...op, data: data.value } }) : data
  }
  if (op.type === 'crdt') {
    const changes = op.changes.flatMap((change) => {
      const path = migratePointer(rules, change.path, schemaVersion)
      return path === null ? [] : [{ ...change, path }]
    })
    const gone = changes.length === 0 ? op.changes[0]?.path : undefined
    return gone === undefined ? ok({ ...mutation, op: { ...op, changes } }) : err(noField(gone))
  }
  if (op.type === 'ot') {
    const path = migratePointer(rules, op.path, schemaVersion)
    if (path === null) return err(noField(op.path))
    return isComputed(rules, op.path, schemaVersion)
      ? err(`up-migrations compute what stands at ${op.path}, which an operation can't be made on`)
      : ok({ ...mutation, op: { ...op, path } })
  }
  if (op.type !== 'patch') return ok(mutation)
  const patch = run(rules, op, schemaVersion, stepPatch)
  return patch.ok ? ok({ ...mutation, op: patch.value }) : patch
}

const noField = (path: string): string => `up-migrations remove ${path}, all that it changes`

/** What CRDTs and paths under OT hold moves with their fields, and goes with them. */
export function migrateStates<T>(
  rules: Evolving,
  states: Readonly<Record<string, T>>,
  from: number,
): Readonly<Record<string, T>> {
  if (from >= rules.schemaVersion || rules.upMigrations.length === 0) return states
  const moved = Object.entries(states).flatMap(([pointer, state]) => {
    const path = migratePointer(rules, pointer, from)
    return path === null ? [] : [[path, state] as const]
  })
  return Object.fromEntries(moved)
}

/** A step computes the value at the pointer, above or below it. */
function isComputed({ upMigrations }: Evolving, pointer: string, from: number): boolean {
  let at: string | null = pointer
  for (const step of migrationsFrom(upMigrations, from).flatMap(({ ops }) => ops)) {
    if (at !== null && step.op === 'cel' && overlaps(toPointer(pathOf(step.path)), at)) return true
    at = at && stepPointer(at, step)
  }
  return false
}

export function migratePointer({ upMigrations }: Evolving, pointer: string, from: number): string | null {
  const steps = migrationsFrom(upMigrations, from).flatMap(({ ops }) => ops)
  return steps.reduce<string | null>((at, step) => at && stepPointer(at, step), pointer)
}

function run<T>(
  { schemaVersion, upMigrations }: Evolving,
  start: T,
  from: number,
  take: (value: T, step: UpMigrationOp) => Result<T, MigrationFailure>,
): Result<T, MigrationFailure> {
  if (from >= schemaVersion) return ok(start)
  let value = start
  for (const migration of migrationsFrom(upMigrations, from)) {
    for (const step of migration.ops) {
      const next = take(value, step)
      if (!next.ok) return err(`up-migration ${migration.from} to ${migration.to}: ${next.error}`)
      value = next.value
    }
  }
  return ok(value)
}
