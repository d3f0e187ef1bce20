import type { LabReport, LabRunState, LabSettings, LabWeights } from '#lib/engine/lab/lab-report.ts'
import type { FieldStamps, ConflictEffect } from '#lib/engine/types.ts'
import type { WrittenSide } from '#lib/engine/lab/recorded-conflict.ts'
import type { AuditEntry } from './rows.ts'
import type { Page, PageRequest } from './ports.ts'

/** What a run is about. Times in Unix ms. */
export interface LabInput {
  readonly fromMs: number
  readonly toMs: number
  readonly clocksOffMs: number
  readonly proposed: LabSettings | null
}

/** A run of the lab without what it found. Times in Unix ms. */
export interface LabRun {
  readonly id: string
  readonly fleetId: string
  readonly collectionId: string
  readonly input: LabInput
  readonly state: LabRunState
  /** Conflicts that were looked at so far, of so many. */
  readonly looked: number
  readonly total: number
  /** Why it failed. */
  readonly problem: string | null
  readonly actor: { readonly kind: string; readonly id: string; readonly name: string }
  readonly createdAtMs: number
  /** When the process that runs it last said so. */
  readonly toldAtMs: number
  readonly endedAtMs: number | null
}

/** How a run ended, and what it found. */
export interface LabEnd {
  readonly state: Exclude<LabRunState, 'running'>
  readonly problem: string | null
  readonly report: LabReport | null
  readonly atMs: number
}

/** A conflict as the lab replays it, its documents as they were written under `schemaVersion`. */
export interface LabConflict extends Pick<
  ConflictEffect,
  'id' | 'base' | 'baseKnown' | 'local' | 'remote' | 'remoteVersion' | 'schemaVersion'
> {
  readonly recordId: string
  readonly createdAtMs: number
  readonly localSide: WrittenSide | null
  readonly remoteSide: WrittenSide | null
  readonly remoteStamps: FieldStamps | null
}

/** Conflicts of one collection that arose in [fromMs, toMs). */
export interface LabRange {
  readonly collection: string
  readonly fromMs: number
  readonly toMs: number
}

export interface StoredWeights {
  readonly weights: LabWeights
  readonly version: number
}

/** The strategy lab's runs, and what it replays (ports.ts). */
export interface LabPort {
  /** How many conflicts there are, up to `max`. */
  count(fleetId: string, range: LabRange, max: number): Promise<number>
  /** Newest first. */
  conflicts(fleetId: string, range: LabRange, page: PageRequest): Promise<Page<LabConflict>>
  /**
   * Adds a run, and takes away the oldest of its collection past `kept`. Runs that were last told of before `goneBeforeMs` have lost
   * their process: they are ended as `lost`. Refused while `atOnce` others of the fleet run.
   */
  begin(
    run: LabRun,
    bounds: {
      readonly kept: number
      readonly atOnce: number
      readonly goneBeforeMs: number
      readonly lost: string
    },
    audit: AuditEntry,
  ): Promise<'begun' | 'busy'>
  /** Notes how far it is. False once it doesn't run any more. */
  tell(fleetId: string, id: string, at: { readonly looked: number; readonly atMs: number }): Promise<boolean>
  /** Ends one that runs. False where it doesn't. */
  end(fleetId: string, id: string, end: LabEnd, audit: AuditEntry | null): Promise<boolean>
  /** Newest first; of a collection where one is named, and of a time. */
  list(
    fleetId: string,
    filter: { readonly collectionId: string | null; readonly fromMs: number; readonly toMs: number },
    page: PageRequest,
  ): Promise<Page<LabRun>>
  get(fleetId: string, id: string): Promise<(LabRun & { readonly report: LabReport | null }) | null>
  /** Null where nobody has set any. */
  weights(fleetId: string, collectionId: string): Promise<StoredWeights | null>
  /** Sets them where they are still of `version`, 0 for none yet. */
  setWeights(
    fleetId: string,
    collectionId: string,
    change: { readonly version: number; readonly weights: LabWeights },
    audit: AuditEntry,
  ): Promise<StoredWeights | 'stale'>
}
