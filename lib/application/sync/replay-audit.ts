import type { Json } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'

/** The audit log tells what a replay did, in words that hold nothing of the payload. */
export function withResult(audit: AuditEntry, result: MutationResult | undefined): AuditEntry {
  if (result === undefined) return audit
  const told: Record<string, Json> = { mutationId: result.id, status: result.status }
  for (const key of ['code', 'version', 'conflictId'] as const) {
    const value = (result as { readonly [key]?: Json })[key]
    if (value !== undefined) told[key] = value
  }
  return { ...audit, after: { ...(isJsonObject(audit.after) ? audit.after : {}), ...told } }
}
