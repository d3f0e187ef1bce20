import { z } from 'zod'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { CrdtStates } from './crdt.ts'
import type { DeadLetterCode, RefusedCode, RetryCode } from './error-codes.ts'
import { MUTATIONS_PER_PUSH_MAX } from './limits.ts'
import type { WireOtPath } from './ot.ts'
import type { Mutation } from './mutation.ts'
import { mutation, orNull, uuid } from './mutation.ts'
import { deviceReport } from './report.ts'

export const pushRequest = z.object({
  requestId: uuid,
  sessionId: uuid,
  epoch: z.int().min(0),
  atomic: orNull(z.boolean()),
  report: deviceReport,
  /** After a restore: those of the mutations that the server had acknowledged in an epoch before (TK6). */
  acknowledged: orNull(z.array(uuid).max(MUTATIONS_PER_PUSH_MAX)),
  mutations: z.array(mutation).max(MUTATIONS_PER_PUSH_MAX),
})

export interface PushRequest extends Omit<z.infer<typeof pushRequest>, 'mutations'> {
  readonly mutations: readonly Mutation[]
}

/** A record as results and pulls carry it. `data` is null when deleted. */
export interface WireRecord {
  readonly collection: string
  readonly recordId: string
  readonly version: number
  readonly deleted: boolean
  readonly data: JsonObject | null
  readonly versionVector: Readonly<Record<string, number>>
  readonly hlc: string
  readonly schemaVersion: number
  /** Its CRDTs by JSON Pointer; left out when there are none. */
  readonly crdt?: CrdtStates | undefined
  /**
   * Where it was made anew over a deleted one, the version that did: CRDTs of before don't belong to these. A deleted one
   * always has it, 0 for the first life: a server that doesn't say it can't tell what was made in which life.
   */
  readonly life?: number | undefined
  /** Its paths under OT by JSON Pointer; left out when there are none. */
  readonly ot?: Readonly<Record<string, WireOtPath>> | undefined
}

export interface Resolution {
  readonly strategy: string
  readonly outcome: 'local' | 'remote' | 'merge'
  readonly fields?: readonly string[] | undefined
}

/** The fate of one mutation. */
export type MutationResult =
  | {
      readonly id: string
      readonly status: 'applied'
      readonly version: number
      /** Where others came between, and their changes and this one are both in it (CRDTs). */
      readonly record?: WireRecord | undefined
      /** Of an `ot` operation: the path's revision with it. */
      readonly revision?: number | undefined
      /** Others' operations, in order, that the device applies to its document with this one. */
      readonly transformed?: readonly Json[] | undefined
    }
  | {
      readonly id: string
      readonly status: 'merged'
      readonly version: number
      readonly record: WireRecord
      readonly conflictId: string
      readonly resolution: Resolution
    }
  | {
      readonly id: string
      readonly status: 'superseded'
      readonly record: WireRecord
      readonly conflictId: string
      readonly resolution: Resolution
    }
  | {
      readonly id: string
      readonly status: 'conflict'
      readonly record: WireRecord | null
      readonly conflictId: string
    }
  | {
      readonly id: string
      readonly status: 'dead_lettered'
      readonly deadLetterId: string
      readonly code: DeadLetterCode
      readonly detail: string
      /** JSON Pointer of the field that is at fault, where it is one. */
      readonly path?: string | undefined
    }
  | {
      readonly id: string
      readonly status: 'refused'
      readonly code: RefusedCode
      readonly detail: string
      readonly serverHlc: string
    }
  | { readonly id: string; readonly status: 'retry'; readonly code: RetryCode; readonly retryAfterMs: number }
  | { readonly id: string; readonly status: 'shed'; readonly retryAfterMs: number }
  | { readonly id: string; readonly status: 'not_applied' }
  | {
      readonly id: string
      readonly status: 'duplicate'
      readonly original: EffectiveResult
      /** The linked id of a forked device that it had its effect under, when that is not the sender's. */
      readonly under?: string | undefined
      /** With `under`: the stamp of the change as it had its effect there. A copy may have added to it since. */
      readonly hlc?: string | undefined
      /** Its dead letter was discarded, or replayed in another form: nobody is to be told of it again. */
      readonly letterClosed?: true | undefined
    }

/** The results that are remembered by mutation id (ID1). */
export type EffectiveResult = Extract<
  MutationResult,
  { status: 'applied' | 'merged' | 'superseded' | 'conflict' | 'dead_lettered' }
>
export type ResultStatus = MutationResult['status']

export interface PushResponse {
  readonly requestId: string
  readonly epoch: number
  readonly serverHlc: string
  readonly head: Readonly<Record<string, number>>
  readonly results: readonly MutationResult[]
}
