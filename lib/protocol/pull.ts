import type { WireRecord } from './push.ts'

/**
 * A text by what came to it since the token or before it (TK9): of a CRDT a Yjs update in base64 to be joined into what the device holds,
 * under OT the `ops` of its path; and the hash (hash53) of what it then reads as. One that reads otherwise is asked for whole.
 */
export interface TextSince {
  readonly update?: string | undefined
  readonly hash: number
}

/** A record of a page. */
export interface PulledRecord extends WireRecord {
  /** By JSON Pointer. `crdt` lacks these texts, and `data` has '' for each. Only where the pull asked `texts=since`. */
  readonly textsSince?: Readonly<Record<string, TextSince>> | undefined
}

export type SnapshotState = 'queued' | 'running' | 'complete'

/** One page of changes. `snapshots` names the collections that are being read from the start. */
export interface PullResponse {
  readonly changes: readonly PulledRecord[]
  readonly token: string
  readonly hasMore: boolean
  readonly snapshots: Readonly<Record<string, SnapshotState>>
  /** While a collection is `queued`: how many devices come before this one, and when to ask again. */
  readonly admission?: { readonly place: number; readonly retryAfterMs: number } | undefined
}
