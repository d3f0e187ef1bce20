import { clampLag } from '#lib/engine/clock-offset.ts'
import type { ChangeEffect } from '#lib/engine/types.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { ConflictTally, PushEvent, PushedCollection, TelemetryEvent } from '#lib/telemetry/events.ts'
import { eventId } from '../telemetry/event-id.ts'
import type { DeviceJob } from './push-job.ts'

type Draft = {
  results: Partial<Record<MutationResult['status'], number>>
  conflicts: ConflictTally[]
  uploadLagMs: number[]
  clamped: number
  deadLetterCodes: Record<string, number>
}

/** A committed push as telemetry (metrics.md, stages): its mutations by collection, written in its transaction. */
export function pushEventOf(
  job: DeviceJob,
  results: readonly MutationResult[],
  effects: readonly ChangeEffect[],
  committedAtMs: number,
): TelemetryEvent {
  const drafts = new Map<string, Draft>()
  for (const [index, result] of results.entries()) {
    const draft = draftFor(drafts, job.push.mutations[index]?.mutation.collection ?? '')
    draft.results[result.status] = (draft.results[result.status] ?? 0) + 1
    if (result.status === 'dead_lettered') {
      draft.deadLetterCodes[result.code] = (draft.deadLetterCodes[result.code] ?? 0) + 1
    }
  }
  for (const effect of effects)
    addEffect(draftFor(drafts, effect.incoming.mutation.collection), job, effect, committedAtMs)
  const payload: PushEvent = {
    kind: 'push',
    deviceId: job.push.deviceId,
    platform: job.platform,
    appVersion: job.appVersion,
    requestId: job.push.requestId,
    sessionId: job.sessionId,
    collections: Object.fromEntries(drafts) satisfies Record<string, PushedCollection>,
  }
  return { id: eventId('push', job.push.deviceId, job.push.requestId), atMs: committedAtMs, payload }
}

function addEffect(
  draft: Draft,
  job: DeviceJob,
  { incoming, conflict, releasedBy }: ChangeEffect,
  committedAtMs: number,
): void {
  if (conflict) {
    const { strategy, outcome, fields } = conflict
    draft.conflicts.push({ strategy, outcome, fields })
  }
  // Its way to the server was counted when it came.
  if (releasedBy !== null) return
  const { lagMs, clamped } = clampLag(job.madeAtMs.get(incoming.mutation.id) ?? committedAtMs, committedAtMs)
  draft.uploadLagMs.push(lagMs)
  if (clamped) draft.clamped += 1
}

function draftFor(drafts: Map<string, Draft>, collection: string): Draft {
  const known = drafts.get(collection)
  if (known) return known
  const draft: Draft = { results: {}, conflicts: [], uploadLagMs: [], clamped: 0, deadLetterCodes: {} }
  drafts.set(collection, draft)
  return draft
}
