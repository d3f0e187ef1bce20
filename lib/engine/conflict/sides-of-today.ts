import type { JsonObject } from '#lib/kernel/json.ts'
import { migrateDocument } from '../schema-evolution/migrate.ts'
import { migratePointer, type Evolving } from '../schema-evolution/migrate-pointer.ts'
import type { ConflictEffect } from '../types.ts'

type Side = 'base' | 'local' | 'remote' | 'result'
const SIDES: readonly Side[] = ['base', 'local', 'remote', 'result']

/**
 * A conflict's sides and contested fields, as many as the caller has of them, as today's schema would have them (DL5): what a
 * person chooses between, and what tells whose side was kept. A side that can't be brought up stays as it is, as does the name
 * of a field that is gone; without their version, as in a row of a release before it was kept, they are taken as today's.
 */
export function sidesOfToday<T extends Partial<Pick<ConflictEffect, Side | 'fields'>>>(
  rules: Evolving,
  conflict: T & Pick<ConflictEffect, 'schemaVersion'>,
): T {
  const from = conflict.schemaVersion ?? rules.schemaVersion
  const sides = SIDES.flatMap((side) => {
    const data = conflict[side]
    return data ? [[side, documentOfToday(rules, data, from)] as const] : []
  })
  const fields = conflict.fields?.map((pointer) => migratePointer(rules, pointer, from) ?? pointer)
  return { ...conflict, ...Object.fromEntries(sides), ...(fields === undefined ? {} : { fields }) }
}

export function documentOfToday(rules: Evolving, data: JsonObject, from: number): JsonObject {
  const made = migrateDocument(rules, data, from)
  return made.ok ? made.value : data
}
