import type { SchemaIssue } from '#lib/engine/types.ts'

/** Why a call of the SDK was refused; told apart by `code`. */
export const REPLICA_ERROR_CODES = {
  closed: 'The replica is closed.',
  invalid_data: 'The document does not match the schema: see `issues`.',
  invalid_exchange: 'What was handed over cannot be joined: export it anew.',
  invalid_id: 'Ids are lower-case UUIDs.',
  invalid_patch: 'The change does not fit the document.',
  invalid_options: 'An option cannot be used.',
  not_found: 'No such record on this device.',
  not_json: 'The value is no JSON.',
  not_loaded:
    'A part of the SDK cannot be fetched: cache all of it, or be online once. Service workers use worker.js.',
  outbox_full: 'Too many changes wait: sync first.',
  quota_exceeded: 'The device has no room left: free some.',
  other_schema: 'The devices know different schema versions.',
  read_only: 'This device may only read the collection.',
  store_corrupt: 'The local store is damaged: what can be read of it is kept.',
  store_read_only: 'This process may not write the store.',
  store_failed: 'The local store cannot be read or written.',
  too_large: 'More than one change may hold: write smaller ones.',
  unknown_collection: 'No such collection, or this device may not use it.',
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
