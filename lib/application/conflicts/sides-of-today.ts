import { migrateDocument } from '#lib/engine/schema-evolution/migrate.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CollectionPort, ConflictRow } from '#lib/storage/ports.ts'
import type { ConflictDetail } from './get-conflict.ts'

type Versions = Awaited<ReturnType<CollectionPort['schemaVersions']>>

/**
 * What a person chooses between, as today's schema has it (DL5): the decision is written under that. The sides are of the
 * version that was published when the conflict arose; what can't be brought up stays as it is.
 */
export function sidesOfToday(
  rules: CollectionRules,
  versions: Versions,
  { conflict, record }: ConflictDetail,
): { readonly conflict: ConflictRow; readonly current: JsonObject | null } {
  const then = versions
    .filter(({ createdAtMs }) => createdAtMs <= conflict.createdAtMs)
    .reduce((newest, { schemaVersion }) => Math.max(newest, schemaVersion), 1)
  const broughtUp = (data: JsonObject | null, from: number): JsonObject | null => {
    const made = data && migrateDocument(rules, data, from)
    return made?.ok ? made.value : data
  }
  const { base, local, remote, result } = conflict
  return {
    conflict: {
      ...conflict,
      base: broughtUp(base, then),
      local: broughtUp(local, then),
      remote: broughtUp(remote, then),
      result: broughtUp(result, then),
    },
    current: record ? broughtUp(record.data, record.schemaVersion) : null,
  }
}
