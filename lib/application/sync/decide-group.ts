import { serverHlcAt } from '#lib/engine/clock-offset.ts'
import { applyEffects, decidePush } from '#lib/engine/push.ts'
import type { PushDecision, PushWorld } from '#lib/engine/types.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { MutationResult, PushResponse } from '#lib/protocol/push.ts'
import type { Device, PushSnapshot, PushWrites, StoredReport, StoredResponse } from '#lib/storage/ports.ts'
import { accessTo } from '../devices/access.ts'
import { requireActive } from '../devices/require-active.ts'
import { ApplicationError, isApplicationError } from '../errors.ts'
import { pushEventOf, replayEventOf } from './push-event.ts'
import type { DeviceJob, PushJob, PushOutcome, ReplayJob } from './push-job.ts'
import type { FleetRules } from './rules.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

/** The state of one shared transaction while its pushes are decided, one after the other. */
interface Group {
  world: PushWorld
  readonly snapshot: PushSnapshot
  readonly devices: Map<string, Device>
  readonly responses: Map<string, StoredResponse>
  readonly writes: Mutable<Omit<PushWrites, 'heads' | 'committedAtMs'>>
  readonly ids: () => string
}

export interface DecidedGroup {
  /** One a job, in order; they hold once the writes are committed. */
  readonly outcomes: readonly PushOutcome[]
  /** Null when nothing is to be written. */
  readonly writes: PushWrites | null
}

/**
 * Decides a group of pushes over what was loaded under their locks: each sees what those before it did.
 * Pure but for `ids`.
 */
export function decideGroup(
  jobs: readonly PushJob[],
  snapshot: PushSnapshot,
  rules: FleetRules,
  nowMs: number,
  ids: () => string,
): DecidedGroup {
  const { heads, records, bases, mutations } = snapshot
  const world = {
    nowMs,
    epoch: snapshot.fleet.epoch,
    collections: rules.collections,
    heads,
    records,
    bases,
    mutations,
  }
  const group: Group = {
    world,
    snapshot,
    devices: new Map(snapshot.devices),
    responses: new Map(snapshot.responses),
    writes: { changes: [], responses: [], reports: [], sessions: [], events: [], audit: [] },
    ids,
  }
  const outcomes = jobs.map((job) => decideOne(group, job))
  const { responses, audit } = group.writes
  if (responses.length === 0 && audit.length === 0) return { outcomes, writes: null }
  const moved = [...group.world.heads].filter(([name, head]) => head !== heads.get(name))
  return { outcomes, writes: { ...group.writes, committedAtMs: nowMs, heads: new Map(moved) } }
}

function decideOne(group: Group, job: PushJob): PushOutcome {
  try {
    return job.kind === 'device' ? decideDevice(group, job) : decideReplay(group, job)
  } catch (error) {
    if (isApplicationError(error)) return { kind: 'failed', error }
    throw error
  }
}

/** The order of the checks is the contract's (protocol.md, push): a stored response is answered before `device_forked`. */
function decideDevice(group: Group, job: DeviceJob): PushOutcome {
  const { deviceId, requestId } = job.push
  const { epoch } = group.snapshot.fleet
  if (job.epoch !== epoch) throw new ApplicationError('epoch_changed', { extra: { epoch } })
  const stored = group.responses.get(responseKey(deviceId, requestId))
  if (stored?.requestHash === job.requestHash) return answered(group, stored.body, [], true)
  const device = group.devices.get(deviceId)
  if (!device) throw new ApplicationError('unauthorized')
  requireActive(device)
  requireWritable(device, job, group.world)
  if (isForked(device.report, job.report)) throw new ApplicationError('device_forked')
  if (stored) throw new ApplicationError('request_id_reused')
  const decision = decidePush(group.world, job.push, group.ids)
  if (decision.kind === 'aborted') {
    throw new ApplicationError('atomic_aborted', { extra: { results: decision.results as unknown as Json } })
  }
  take(group, job, decision)
  const body = bodyOf(group, job, decision.results)
  const { writes, world } = group
  const response = { deviceId, requestId, requestHash: job.requestHash, body, createdAtMs: world.nowMs }
  group.responses.set(responseKey(deviceId, requestId), response)
  group.devices.set(deviceId, { ...device, report: job.report })
  writes.responses.push(response)
  writes.reports.push({ deviceId, appVersion: job.appVersion, platform: job.platform, report: job.report })
  writes.sessions.push({ sessionId: job.sessionId, deviceId })
  writes.events.push(pushEventOf(job, decision.results, decision.effects, world.nowMs, isCollectionOf(group)))
  return answered(group, body, decision.results, false)
}

/** A replay is a push of one mutation whose dead letter is open (ID3). */
function decideReplay(group: Group, job: ReplayJob): PushOutcome {
  const id = job.push.mutations[0]?.mutation.id ?? ''
  if (group.world.mutations.get(id)?.deadLetter !== 'open') throw new ApplicationError('not_replayable')
  const decision = decidePush(group.world, job.push, group.ids)
  take(group, job, decision)
  group.writes.audit.push(job.audit)
  const event = replayEventOf(
    job,
    decision.results,
    decision.effects,
    group.world.nowMs,
    isCollectionOf(group),
  )
  if (event) group.writes.events.push(event)
  return answered(group, '', decision.results, false)
}

const isCollectionOf =
  ({ world }: Group) =>
  (name: string): boolean =>
    world.collections.has(name)

/** What a push did, for those after it and for the writes. */
function take(group: Group, job: PushJob, decision: PushDecision): void {
  const { appVersion, receivedAtMs } = job
  for (const effect of decision.effects) {
    const correctedMadeAtMs = job.madeAtMs.get(effect.incoming.mutation.id) ?? receivedAtMs
    group.writes.changes.push({ ...effect, appVersion, correctedMadeAtMs, receivedAtMs })
  }
  group.world = applyEffects(group.world, decision)
}

function bodyOf({ world }: Group, job: DeviceJob, results: readonly MutationResult[]): string {
  const names = new Set(job.push.mutations.map(({ mutation }) => mutation.collection))
  const heads = [...names]
    .filter((name) => world.heads.has(name))
    .map((name) => [name, world.heads.get(name) ?? 0])
  const response: PushResponse = {
    requestId: job.push.requestId,
    epoch: world.epoch,
    serverHlc: serverHlcAt(world.nowMs),
    head: Object.fromEntries(heads) as Record<string, number>,
    results,
  }
  return JSON.stringify(response)
}

function answered(
  { snapshot }: Group,
  body: string,
  results: readonly MutationResult[],
  repeated: boolean,
): PushOutcome {
  return { kind: 'answered', body, results, repeated, ...snapshot.fleet }
}

/** Scopes bind known collections; a name that no collection has becomes a dead letter instead. */
function requireWritable(device: Device, job: DeviceJob, world: PushWorld): void {
  for (const { mutation } of job.push.mutations) {
    const { collection } = mutation
    if (world.collections.has(collection) && accessTo(device.access, collection) !== 'write') {
      throw new ApplicationError('collection_forbidden', {
        detail: `no write access to ${collection}`,
        extra: { collection },
      })
    }
  }
}

/** A lower sequence, or the same with another nonce: two devices use one identity. A retry repeats both. */
function isForked(kept: StoredReport | null, next: StoredReport): boolean {
  if (!kept || next.seq > kept.seq) return false
  return next.seq < kept.seq || next.nonce !== kept.nonce
}

const responseKey = (deviceId: string, requestId: string): string => `${deviceId}/${requestId}`
