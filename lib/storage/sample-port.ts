import type { RecordState } from '#lib/engine/types.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'

/** A change that made a version, as it was sent. */
export interface SampledChange {
  readonly version: number
  readonly mutation: Mutation
  readonly deviceId: string
  readonly appVersion: string
  readonly committedAtMs: number
}

/** How much a collection holds, and who follows it. */
export interface CollectionSize {
  /** Live ones, counted no further than was asked. */
  readonly records: number
  /** Devices, not revoked, whose first snapshot of it was complete. */
  readonly followers: number
}

/** What collections hold and were sent lately (ports.ts): for people who change their rules, never for a sync. */
export interface SamplePort {
  /** Live records of versions below, newest first; at most `limit`. */
  records(
    fleetId: string,
    collection: string,
    below: number | null,
    limit: number,
  ): Promise<readonly RecordState[]>
  /** Changes that made versions below, newest first; at most `limit`. */
  changes(
    fleetId: string,
    collection: string,
    below: number | null,
    limit: number,
  ): Promise<readonly SampledChange[]>
  /** By name. */
  sizes(
    fleetId: string,
    collections: readonly string[],
    recordsMax: number,
  ): Promise<ReadonlyMap<string, CollectionSize>>
}
