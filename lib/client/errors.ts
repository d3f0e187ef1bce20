import type { SchemaIssue } from '#lib/engine/types.ts'

/** Why a call of the SDK was refused; told apart by `code`. */
export const REPLICA_ERROR_CODES = {
  closed: 'The replica was closed.',
  invalid_data: 'The document does not match the schema; `issues` names the places.',
  invalid_exchange: 'It cannot be joined.',
  invalid_id: 'Ids are lower-case UUIDs.',
  invalid_patch: 'The patch does not fit the document.',
  invalid_options: 'The options cannot be used.',
  not_found: 'There is no such record.',
  not_json: 'The value is no JSON.',
  outbox_full: 'Too many changes wait.',
  quota_exceeded: 'The device has no room left.',
  other_schema: 'It is of another schema version.',
  read_only: 'The collection is read only.',
  store_corrupt: 'The local store is damaged: what it lost is read anew.',
  store_failed: 'The local store failed.',
  too_large: 'A change is too large.',
  unknown_collection: 'There is no such collection for this device.',
} as const
export type ReplicaErrorCode = keyof typeof REPLICA_ERROR_CODES

export class ReplicaError extends Error {
  readonly code: ReplicaErrorCode
  readonly issues: readonly SchemaIssue[]

  /** By name: a part that was fetched on demand brings this class a second time. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (value as { name?: unknown } | null)?.name === 'ReplicaError'
  }

  constructor(code: ReplicaErrorCode, detail = '', issues: readonly SchemaIssue[] = [], cause?: unknown) {
    super(`${REPLICA_ERROR_CODES[code]}${detail ? ` ${detail}` : ''}`, { cause })
    this.name = 'ReplicaError'
    this.code = code
    this.issues = issues
  }
}
