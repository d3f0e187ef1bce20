import { patchOperation, type PatchStep } from '#lib/engine/json-patch.ts'
import { migrateDocument, migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { DeadLetterRow, OperationEdit } from '#lib/storage/ports.ts'
import type { Edit } from '../dead-letters/run-letter.ts'

/**
 * What an operation's edit makes of a letter, as of today's schema (DL19): of its operation as the up-migrations leave it
 * where they can, else as it is, since the patch is what is to mend it. Pure.
 */
export function editedForm(
  rules: CollectionRules | undefined,
  { mutation, base }: Pick<DeadLetterRow, 'mutation' | 'base'>,
  edit: OperationEdit,
): Result<Edit, string> {
  if (!rules) return err(`there is no collection ${mutation.collection}`)
  const { schemaVersion } = rules
  if ('upMigrateFrom' in edit) {
    if (edit.upMigrateFrom >= schemaVersion) return err(`there is no up-migration from ${edit.upMigrateFrom}`)
    const migrated = migrateMutation(rules, { ...mutation, schemaVersion: edit.upMigrateFrom })
    return migrated.ok ? ok({ op: migrated.value.op, schemaVersion }) : err(migrated.error)
  }
  const migrated = migrateMutation(rules, mutation)
  const op = migrated.ok ? migrated.value.op : mutation.op
  const made = patchOperation(op, baseOfToday(rules, mutation, base), edit.patch as unknown as PatchStep[])
  return made.ok ? ok({ op: made.value, schemaVersion }) : made
}

/** The letter's own copy of its base as today's schema would have it; undefined where it is not known. */
function baseOfToday(
  rules: CollectionRules,
  { baseVersion, schemaVersion }: DeadLetterRow['mutation'],
  base: JsonObject | null,
): JsonObject | null | undefined {
  if (base === null) return baseVersion === 0 ? null : undefined
  const migrated = migrateDocument(rules, base, schemaVersion)
  return migrated.ok ? migrated.value : base
}
