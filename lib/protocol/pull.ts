import type { WireRecord } from './push.ts'

export type SnapshotState = 'queued' | 'running' | 'complete'

/** One page of changes (protocol.md, pull). `snapshots` names the collections that are being read from the start. */
export interface PullResponse {
  readonly changes: readonly WireRecord[]
  readonly token: string
  readonly hasMore: boolean
  readonly snapshots: Readonly<Record<string, SnapshotState>>
  /** While a collection is `queued`: how many devices come before this one, and when to ask again. */
  readonly admission?: { readonly place: number; readonly retryAfterMs: number } | undefined
}
