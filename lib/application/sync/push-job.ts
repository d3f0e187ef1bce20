import type { IncomingPush } from '#lib/engine/types.ts'
import type { WireCommand } from '#lib/protocol/command.ts'
import type { Platform } from '#lib/protocol/device.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { AuditEntry, StoredReport } from '#lib/storage/ports.ts'
import type { ApplicationError } from '../errors.ts'

/** Corrected times of each mutation, Unix ms, by mutation id. */
export type MadeTimes = ReadonlyMap<string, number>

interface JobBase {
  readonly push: IncomingPush
  readonly platform: Platform
  readonly appVersion: string
  /** The version under which it counts: one of a hundred, or `other`. */
  readonly countedVersion: string
  readonly madeAtMs: MadeTimes
  readonly receivedAtMs: number
  /** The authority may be asked again: an answer about a record that has changed since decides nothing then (AU2). */
  readonly mayAskAgain: boolean
  /** The config version whose authorities were asked; null when none was. */
  readonly askedUnder: number | null
}

/** A device's request. */
export interface DeviceJob extends JobBase {
  readonly kind: 'device'
  readonly sessionId: string
  readonly epoch: number
  /** SHA-256 over the ids and stamps of its mutations and `atomic`, hex. */
  readonly requestHash: string
  readonly report: StoredReport
}

/** An open dead letter that runs again (ID3); no request is stored and no report comes with it. */
export interface ReplayJob extends JobBase {
  readonly kind: 'replay'
  readonly audit: AuditEntry
}

/** A person's decision on one record; refused when the record has moved since, or the conflict is closed. */
export interface DeskJob extends JobBase {
  readonly kind: 'desk'
  readonly audit: AuditEntry
}

export type PushJob = DeviceJob | ReplayJob | DeskJob

/** What became of a job once its transaction has committed. */
export type PushOutcome =
  | {
      readonly kind: 'answered'
      /** The stored text, byte for byte what the device gets; empty for a replay. */
      readonly body: string
      readonly results: readonly MutationResult[]
      /** True when an earlier request of the same id had the effect. */
      readonly repeated: boolean
      readonly epoch: number
      readonly configVersion: number
      /** What waits for the device, as of this transaction. */
      readonly commands: readonly WireCommand[]
    }
  /** No effect: an answer of the authority is about a record that has changed since. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'failed'; readonly error: ApplicationError }
