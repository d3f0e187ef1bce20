import type { JsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import type { TextEngine } from '../crdt/restate.ts'
import type { MigrationFailure } from './migrate-document.ts'
import { stepDocument } from './migrate-document.ts'
import { stepPatch } from './migrate-patch.ts'
import type { Evolving } from './migrate-pointer.ts'
import { isComputed, migratePointer, migrationsFrom } from './migrate-pointer.ts'
import { stepChanges } from './migrate-changes.ts'
import type { HeldRecord } from './migrate-record.ts'
import { stepRecord } from './migrate-record.ts'
import type { MigrationCel } from './migration-cel.ts'

/** How what was made under an older schema version becomes what today's would have made (DL5). */
export interface Evolution {
  /** What can't be migrated is told, with the versions; the caller decides what that means. */
  document(rules: Evolving, document: JsonObject, from: number): Result<JsonObject, MigrationFailure>
  /** A document with its CRDTs. */
  record(rules: Evolving, record: HeldRecord, from: number): Result<HeldRecord, MigrationFailure>
  /** A `put` by its document, everything else by its paths and values. */
  mutation(rules: Evolving, mutation: Mutation): Result<Mutation, MigrationFailure>
}

export function createEvolution(cel: MigrationCel, texts: TextEngine): Evolution {
  const document: Evolution['document'] = (rules, start, from) =>
    run(rules, start, from, (value, step) => stepDocument(value, step, cel))
  return {
    document,
    record: (rules, held, from) =>
      run(rules, held, from, (value, step) => stepRecord(value, step, cel, texts)),
    mutation(rules, mutation) {
      const { op, schemaVersion: from } = mutation
      if (from >= rules.schemaVersion || rules.upMigrations.length === 0) return ok(mutation)
      switch (op.type) {
        case 'put': {
          const data = document(rules, op.data, from)
          return data.ok ? ok({ ...mutation, op: { ...op, data: data.value } }) : data
        }
        case 'patch': {
          const patch = run(rules, op, from, (value, step) => stepPatch(value, step, cel))
          return patch.ok ? ok({ ...mutation, op: patch.value }) : patch
        }
        case 'crdt': {
          const changes = run(rules, op.changes, from, (value, step) => stepChanges(value, step, cel))
          if (!changes.ok) return changes
          const gone = changes.value.length === 0 ? op.changes[0]?.path : undefined
          return gone === undefined
            ? ok({ ...mutation, op: { ...op, changes: changes.value } })
            : err(noField(gone))
        }
        case 'ot': {
          const path = migratePointer(rules, op.path, from)
          if (path === null) return err(noField(op.path))
          return isComputed(rules, op.path, from)
            ? err(`up-migrations compute what stands at ${op.path}, which an operation can't be made on`)
            : ok({ ...mutation, op: { ...op, path } })
        }
        case 'delete':
          return ok(mutation)
      }
    },
  }
}

const noField = (path: string): string => `up-migrations remove ${path}, all that it changes`

function run<T>(
  rules: Evolving,
  start: T,
  from: number,
  take: (value: T, step: UpMigrationOp) => Result<T, MigrationFailure>,
): Result<T, MigrationFailure> {
  if (from >= rules.schemaVersion) return ok(start)
  let value = start
  for (const migration of migrationsFrom(rules, from)) {
    for (const step of migration.ops) {
      const next = take(value, step)
      if (!next.ok) return err(`up-migration ${migration.from} to ${migration.to}: ${next.error}`)
      value = next.value
    }
  }
  return ok(value)
}
