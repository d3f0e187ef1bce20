import { hasOutdatedVerdict } from '#lib/engine/check-outcome.ts'
import { serverHlcAt } from '#lib/engine/clock-offset.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { waitAfterTries } from '#lib/engine/failed-tries.ts'
import { isCulprit } from '#lib/engine/is-culprit.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { applyEffects, decidePush } from '#lib/engine/push.ts'
import type { IncomingMutation, IncomingPush, PushDecision, PushWorld } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { Json } from '#lib/kernel/json.ts'
import { DEAD_LETTERS_PER_DEVICE_DAY_MAX } from '#lib/protocol/limits.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type {
  Device,
  LetterDay,
  PushSnapshot,
  PushWrites,
  StoredReport,
  StoredResponse,
} from '#lib/storage/ports.ts'
import { ASKED_FOR_MAX_MS } from '../authority/ask-authority.ts'
import { accessTo } from '../devices/access.ts'
import { requireActive } from '../devices/require-active.ts'
import { wireCommands } from '../devices/wire-commands.ts'
import { ApplicationError, isApplicationError } from '../errors.ts'
import { isRepeat } from './is-repeat.ts'
import { answerAgain, answerTexts } from './push-answer.ts'
import { pushEventOf, replayEventOf } from './push-event.ts'
import type { DeskJob, DeviceJob, PushJob, PushOutcome, ReplayJob } from './push-job.ts'
import { withResult } from './replay-audit.ts'
import type { FleetRules } from './rules.ts'

type MutableWrites = Mutable<Omit<PushWrites, 'heads' | 'committedAtMs'>>
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

/** The state of one shared transaction while its pushes are decided, one after the other. */
export interface Group {
  world: PushWorld
  /** Heads as what was taken so far leaves them. */
  writtenHeads: ReadonlyMap<string, number>
  readonly snapshot: PushSnapshot
  readonly devices: Map<string, Device>
  readonly responses: Map<string, StoredResponse>
  readonly letterDays: Map<string, LetterDay>
  /** What is still to be written. */
  writes: MutableWrites
  readonly ids: () => string
  /** Some collection has an authority. */
  readonly asksAuthority: boolean
}

/**
 * A group before its first push, over what was loaded under the locks of all of them.
 * @param leftOut mutations for which nothing was loaded
 */
export function startGroup(
  snapshot: PushSnapshot,
  rules: FleetRules,
  nowMs: number,
  ids: () => string,
  leftOut: readonly string[] = [],
): Group {
  const { heads, records, bases, mutations, conflicts, linked, failedTries, otLog, otUnread } = snapshot
  return {
    world: {
      nowMs,
      epoch: snapshot.fleet.epoch,
      epochBefore: snapshot.fleet.epochBefore,
      collections: rules.collections,
      heads,
      records,
      bases,
      mutations,
      conflicts,
      linked,
      failedTries,
      text: yjsText,
      ot: otLibrary,
      otLog,
      unread: new Set([...otUnread, ...leftOut]),
    },
    writtenHeads: heads,
    snapshot,
    devices: new Map(snapshot.devices),
    responses: new Map(snapshot.responses),
    letterDays: new Map(snapshot.letterDays),
    writes: noWrites(),
    ids,
    asksAuthority: rules.authorities.size > 0,
  }
}

/** What the pushes decided so far did and was not yet taken; null when that is nothing. */
export function takeWrites(group: Group): PushWrites | null {
  const { writes, world } = group
  if (writes.responses.length === 0 && writes.audit.length === 0) return null
  // A mutation that two pushes tried is counted once.
  const tries = new Map(writes.failedTries.map((row) => [row.mutationId, row]))
  group.writes = noWrites()
  return {
    ...writes,
    heads: takeHeads(group),
    failedTries: [...tries.values()],
    committedAtMs: world.nowMs,
  }
}

/** The changes of it alone; the few rows by push are left for `takeWrites`. */
export function takeChanges(group: Group): PushWrites {
  const { changes } = group.writes
  group.writes.changes = []
  return { ...noWrites(), changes, heads: takeHeads(group), committedAtMs: group.world.nowMs }
}

function takeHeads(group: Group): ReadonlyMap<string, number> {
  const moved = [...group.world.heads].filter(([name, head]) => head !== group.writtenHeads.get(name))
  group.writtenHeads = group.world.heads
  return new Map(moved)
}

const noWrites = (): MutableWrites => ({
  changes: [],
  responses: [],
  reports: [],
  sessions: [],
  events: [],
  audit: [],
  failedTries: [],
  endedTries: [],
  letterDays: [],
})

/**
 * Decides one push as the next of its group: it sees what those before it did. Pure but for the group and its `ids`. The
 * outcome holds once the group's writes are committed.
 */
export function decideNext(group: Group, job: PushJob): PushOutcome {
  try {
    if (job.kind === 'device') return decideDevice(group, job)
    return job.kind === 'replay' ? decideReplay(group, job) : decideDesk(group, job)
  } catch (error) {
    if (isApplicationError(error)) return { kind: 'failed', error }
    throw error
  }
}

/** The order of the checks is the contract's: what a request id was used for counts before `device_forked`. */
function decideDevice(group: Group, job: DeviceJob): PushOutcome {
  const { deviceId, requestId } = job.push
  const { epoch } = group.snapshot.fleet
  if (job.epoch !== epoch) throw new ApplicationError('epoch_changed', { extra: { epoch } })
  const stored = group.responses.get(responseKey(deviceId, requestId))
  const device = group.devices.get(deviceId)
  if (stored && isRepeat(group.world.mutations, job, stored))
    return answered(group, device ?? null, { body: againOf(group, job, stored), results: [], repeated: true })
  if (!device) throw new ApplicationError('unauthorized')
  requireActive(device)
  requireWritable(device, job, group.world)
  if (stored) throw new ApplicationError('request_id_reused')
  if (isForked(device.report, job.report)) throw new ApplicationError('device_forked')
  if (isOutdated(group, job)) return { kind: 'outdated' }
  const decision = decidePush(group.world, { ...job.push, linkedIds: device.linkedIds }, group.ids)
  if (decision.kind === 'aborted') throw abortedBy(job.push, decision.results)
  countLetters(group, deviceId, decision)
  take(group, job, decision)
  countTries(group, job, decision.results)
  const { body, stored: kept } = answerOf(group, job, decision.results)
  const { writes, world } = group
  const response = { deviceId, requestId, requestHash: job.requestHash, body: kept, createdAtMs: world.nowMs }
  group.responses.set(responseKey(deviceId, requestId), response)
  group.devices.set(deviceId, { ...device, report: job.report })
  writes.responses.push(response)
  writes.reports.push({ deviceId, appVersion: job.appVersion, platform: job.platform, report: job.report })
  writes.sessions.push({ sessionId: job.sessionId, deviceId })
  writes.events.push(pushEventOf(job, decision.results, decision.effects, world.nowMs, isCollectionOf(group)))
  return answered(group, device, { body, results: decision.results, repeated: false })
}

/** To be sent again would not help where an atomic push is more than one can do: it is as much then. */
function abortedBy({ verdicts }: IncomingPush, results: readonly MutationResult[]): ApplicationError {
  if (results.some((result) => 'code' in result && result.code === 'push_full'))
    return new ApplicationError('atomic_too_large')
  const culprits = results.filter(isCulprit)
  const isOutOfTime = results.some(({ id }) => {
    const verdict = verdicts.get(id)
    return verdict?.kind === 'shed' && verdict.outOfTime
  })
  if (isOutOfTime && culprits.every(({ status }) => status === 'shed'))
    return new ApplicationError('atomic_too_large', {
      detail: `its authorities were not asked about all of it in ${ASKED_FOR_MAX_MS / 1_000} s: make it of fewer changes, or have them answer sooner`,
    })
  const waits = culprits.flatMap((result) => ('retryAfterMs' in result ? [result.retryAfterMs] : []))
  return new ApplicationError('atomic_aborted', {
    extra: { results: results as unknown as Json },
    // What one culprit can't wait for, no wait will mend.
    retryAfterMs: waits.length === culprits.length ? Math.max(...waits) : undefined,
  })
}

/**
 * A replay is a push of one mutation whose dead letter is open (ID3). One that was opened again by a decision of this very
 * group was replayed since it was asked for.
 */
function decideReplay(group: Group, job: ReplayJob): PushOutcome {
  const id = job.push.editOf ?? job.push.mutations[0]?.mutation.id ?? ''
  const isReleased = group.writes.changes.some(
    ({ releasedBy, incoming }) => releasedBy !== null && incoming.mutation.id === id,
  )
  if (isReleased || group.world.mutations.get(id)?.deadLetter !== 'open')
    throw new ApplicationError('not_replayable')
  if (isOutdated(group, job)) return { kind: 'outdated' }
  const linkedIds = group.world.linked.get(job.push.deviceId)
  const decision = decidePush(group.world, { ...job.push, linkedIds }, group.ids)
  take(group, job, decision)
  group.writes.audit.push(withResult(job.audit, decision.results[0]))
  const event = replayEventOf(
    job,
    decision.results,
    decision.effects,
    group.world.nowMs,
    isCollectionOf(group),
  )
  if (event) group.writes.events.push(event)
  return answered(group, null, { body: '', results: decision.results, repeated: false })
}

/** A decision of a person on the record as it was shown to them (CS6). The same one again has its first result. */
function decideDesk(group: Group, job: DeskJob): PushOutcome {
  const { mutation } = job.push.mutations[0] as IncomingMutation
  const known = group.world.mutations.get(mutation.id)
  if (known) return answered(group, null, { body: '', results: [known.result], repeated: true })
  const record = group.world.records.get(recordKey(mutation.collection, mutation.recordId))
  const conflict = mutation.resolves === undefined ? null : group.world.conflicts.get(mutation.resolves)
  if ((record?.version ?? 0) !== mutation.baseVersion || (conflict && conflict.status !== 'open'))
    throw new ApplicationError('stale_version')
  if (isOutdated(group, job)) return { kind: 'outdated' }
  const decision = decidePush(group.world, job.push, group.ids)
  if (decision.kind === 'aborted') {
    const [result] = decision.results
    const detail = result && 'detail' in result ? result.detail : `it would be ${result?.status}`
    throw new ApplicationError('resolution_refused', { detail })
  }
  take(group, job, decision)
  group.writes.audit.push(job.audit)
  return answered(group, null, { body: '', results: decision.results, repeated: false })
}

const isCollectionOf =
  ({ world }: Group) =>
  (name: string): boolean =>
    world.collections.has(name)

/** What a push did, for those after it and for the writes. */
function take(group: Group, job: PushJob, decision: PushDecision): void {
  const { appVersion, receivedAtMs } = job
  for (const effect of decision.effects) {
    const { mutation } = effect.incoming
    const correctedMadeAtMs =
      effect.releasedBy === null
        ? (job.madeAtMs.get(mutation.id) ?? receivedAtMs)
        : Date.parse(mutation.madeAt) + (mutation.madeOffsetMs ?? 0)
    // The spread comes last: V8 takes ten times as long to add keys to a copy of so many.
    group.writes.changes.push({ appVersion, correctedMadeAtMs, receivedAtMs, ...effect })
  }
  group.world = applyEffects(group.world, decision)
}

/** An answer is about a record or under rules that have changed, or nobody asked: that can be mended (AU2). */
const isOutdated = ({ asksAuthority, snapshot, world }: Group, job: PushJob): boolean =>
  asksAuthority &&
  job.mayAskAgain &&
  ((job.askedUnder !== null && job.askedUnder !== snapshot.fleet.configVersion) ||
    hasOutdatedVerdict(world, job.push))

/**
 * Nothing is lost beyond the bound: the device keeps what it has and comes back on the next day. A letter that is opened
 * again is none that is made.
 */
function countLetters({ world, letterDays, writes }: Group, deviceId: string, decision: PushDecision): void {
  const made = decision.effects.filter(
    ({ deadLetter, incoming }) =>
      deadLetter !== null && deadLetter.id !== world.mutations.get(incoming.mutation.id)?.letterId,
  ).length
  if (made === 0) return
  const day = Math.floor(world.nowMs / DAY_MS)
  const known = letterDays.get(deviceId)
  const count = (known?.day === day ? known.count : 0) + made
  if (count > DEAD_LETTERS_PER_DEVICE_DAY_MAX) {
    throw new ApplicationError('rate_limited', {
      detail: `a device makes at most ${DEAD_LETTERS_PER_DEVICE_DAY_MAX} dead letters a day`,
      retryAfterMs: (day + 1) * DAY_MS - world.nowMs,
    })
  }
  letterDays.set(deviceId, { day, count })
  writes.letterDays.push({ deviceId, day, count })
}

/** DL4: what failed for the moment is counted, until it has an effect. A child that waits for its parent counts none. */
function countTries({ snapshot, writes }: Group, job: DeviceJob, results: readonly MutationResult[]): void {
  for (const result of results) {
    const { id } = result
    const before = snapshot.failedTries.get(id) ?? 0
    if (result.status === 'retry') {
      if (result.code === 'parent_retry' || result.code === 'push_full') continue
      writes.failedTries.push({ mutationId: id, deviceId: job.push.deviceId, tries: before + 1 })
    } else if (result.status === 'refused' && result.code === 'clock_out_of_bounds') {
      // A device tries another stamp at once: as many in a minute say less than a day of them.
      const spacedMs = before === 0 ? 0 : waitAfterTries(before)
      writes.failedTries.push({ mutationId: id, deviceId: job.push.deviceId, tries: before + 1, spacedMs })
    } else if (before > 0 && result.status !== 'shed' && result.status !== 'refused')
      writes.endedTries.push(id)
  }
}

const againOf = ({ world }: Group, { push }: DeviceJob, { body }: StoredResponse): string =>
  answerAgain(
    body,
    push.mutations.map(({ mutation }) => mutation),
    world.mutations,
  )

function answerOf(
  { world }: Group,
  job: DeviceJob,
  results: readonly MutationResult[],
): ReturnType<typeof answerTexts> {
  const names = new Set(job.push.mutations.map(({ mutation }) => mutation.collection))
  const heads = [...names]
    .filter((name) => world.heads.has(name))
    .map((name) => [name, world.heads.get(name) ?? 0])
  const about = {
    requestId: job.push.requestId,
    epoch: world.epoch,
    serverHlc: serverHlcAt(world.nowMs),
    head: Object.fromEntries(heads) as Record<string, number>,
  }
  return answerTexts(about, results)
}

type Answered = Extract<PushOutcome, { kind: 'answered' }>

function answered(
  { snapshot, world }: Group,
  device: Device | null,
  answer: Pick<Answered, 'body' | 'results' | 'repeated'>,
): PushOutcome {
  const commands = device ? wireCommands(device, world.nowMs) : []
  return { kind: 'answered', ...answer, ...snapshot.fleet, commands }
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

const DAY_MS = 86_400_000
const responseKey = (deviceId: string, requestId: string): string => `${deviceId}/${requestId}`
