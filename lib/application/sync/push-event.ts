import { clampLag } from '#lib/engine/clock-offset.ts'
import type { ChangeEffect } from '#lib/engine/types.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { LASTING } from '#lib/rollups/counters.ts'
import type {
  ConflictTally,
  PushEvent,
  PushedCollection,
  ReplayEvent,
  TelemetryEvent,
} from '#lib/telemetry/events.ts'
import { eventId } from '../telemetry/event-id.ts'
import type { DeviceJob, PushJob, ReplayJob } from './push-job.ts'

type Draft = {
  results: Partial<Record<MutationResult['status'], number>>
  conflicts: ConflictTally[]
  uploadLagMs: number[]
  clamped: number
  deadLetterCodes: Record<string, number>
}

/** Names that no collection has count as one: a device could make up any number of them. No collection is called so. */
const UNKNOWN_COLLECTION = '(unknown)'

type IsCollection = (name: string) => boolean

/** A committed push as telemetry: its mutations by collection, written in its transaction. */
export function pushEventOf(
  job: DeviceJob,
  results: readonly MutationResult[],
  effects: readonly ChangeEffect[],
  committedAtMs: number,
  isCollection: IsCollection,
): TelemetryEvent {
  const drafts = draftsOf(job, results, effects, isCollection)
  for (const { incoming, record, releasedBy } of effects)
    // Without a version there is nothing that a pull brings. What was released made one late: that wait was a person's.
    if (record !== null && releasedBy === null)
      addLag(draftFor(drafts, incoming.mutation, isCollection), job, incoming.mutation.id, committedAtMs)
  const payload: PushEvent = {
    kind: 'push',
    deviceId: job.push.deviceId,
    platform: job.platform,
    appVersion: job.countedVersion,
    requestId: job.push.requestId,
    sessionId: job.sessionId,
    collections: Object.fromEntries(drafts) satisfies Record<string, PushedCollection>,
  }
  return { id: eventId('push', job.push.deviceId, job.push.requestId), atMs: committedAtMs, payload }
}

/** A replay that left the queue; null when it died again or got no lasting result, which changes nothing. */
export function replayEventOf(
  job: ReplayJob,
  results: readonly MutationResult[],
  effects: readonly ChangeEffect[],
  committedAtMs: number,
  isCollection: IsCollection,
): TelemetryEvent | null {
  const [result] = results
  if (result === undefined || result.status === 'dead_lettered' || !LASTING.includes(result.status))
    return null
  const { deviceId, requestId, replayOf } = job.push
  const payload: ReplayEvent = {
    kind: 'replay',
    deviceId,
    platform: job.platform,
    appVersion: job.countedVersion,
    deadLetterId: replayOf ?? '',
    collections: Object.fromEntries(draftsOf(job, results, effects, isCollection)),
  }
  return { id: eventId('replay', deviceId, requestId), atMs: committedAtMs, payload }
}

/** Results and conflicts by collection, without lag. */
function draftsOf(
  job: PushJob,
  results: readonly MutationResult[],
  effects: readonly ChangeEffect[],
  isCollection: IsCollection,
): Map<string, Draft> {
  const drafts = new Map<string, Draft>()
  for (const [index, result] of results.entries()) {
    const draft = draftFor(drafts, job.push.mutations[index]?.mutation, isCollection)
    draft.results[result.status] = (draft.results[result.status] ?? 0) + 1
    if (result.status === 'dead_lettered') {
      draft.deadLetterCodes[result.code] = (draft.deadLetterCodes[result.code] ?? 0) + 1
    }
  }
  for (const { incoming, conflict } of effects) {
    if (!conflict) continue
    const { strategy, outcome, fields } = conflict
    draftFor(drafts, incoming.mutation, isCollection).conflicts.push({ strategy, outcome, fields })
  }
  return drafts
}

function addLag(draft: Draft, job: DeviceJob, mutationId: string, committedAtMs: number): void {
  const { lagMs, clamped } = clampLag(job.madeAtMs.get(mutationId) ?? committedAtMs, committedAtMs)
  draft.uploadLagMs.push(lagMs)
  if (clamped) draft.clamped += 1
}

function draftFor(
  drafts: Map<string, Draft>,
  mutation: Pick<Mutation, 'collection'> | undefined,
  isCollection: IsCollection,
): Draft {
  const name = mutation && isCollection(mutation.collection) ? mutation.collection : UNKNOWN_COLLECTION
  const known = drafts.get(name)
  if (known) return known
  const draft: Draft = { results: {}, conflicts: [], uploadLagMs: [], clamped: 0, deadLetterCodes: {} }
  drafts.set(name, draft)
  return draft
}
