import type { KnownMutation, RecordKey, RecordState } from '#lib/engine/types.ts'
import { CHAIN_MAX, isInDocument } from '#lib/engine/chain-links.ts'
import { TRANSFORMS_MAX } from '#lib/engine/ot/integrate.ts'
import { baseKey, recordKey } from '#lib/engine/types.ts'
import { assert } from '#lib/kernel/result.ts'
import { writtenByOthersSince } from '#lib/kernel/version-vector.ts'
import { keptCause, type KeptCause } from './letter-group.ts'
import type { ConflictRow, DeadLetterRow, PushPlan, PushWrites } from './ports.ts'

export type WrittenChange = PushWrites['changes'][number]

/** Links by `after` that are loaded above each mutation: as many as are followed (AF2), and never an endless walk. */
export const ANCESTORS_MAX = CHAIN_MAX
/** Operations that one read of OT's log takes; a base further back is unknown. */
export const OT_LOG_MAX = 2_000
/** Operations that one page of a pull tells of all its records, beside its bytes; of those past it the document says it all. */
export const OT_PAGE_MAX = 10_000
/** Operations of OT's log that one push reads: as many as the engine brings one mutation past. */
export const OT_LOAD_MAX = TRANSFORMS_MAX
/** And as many bytes of them: what is past that is as if the log no longer reached there. */
export const OT_LOAD_BYTES_MAX = 64 * 1024 * 1024
export const CONFLICTS_PER_SESSION_MAX = 1_000

/** The conflict row of a change (CS7); open while a person must decide. */
export function conflictRowOf(
  fleetId: string,
  change: WrittenChange,
  { deviceName, remoteAppVersion }: Pick<ConflictRow, 'deviceName' | 'remoteAppVersion'>,
  atMs: number,
): ConflictRow | null {
  if (!change.conflict) return null
  const { mutation } = change.incoming
  const { id, strategy, outcome, fields, schemaVersion, base, baseKnown, local, remote } = change.conflict
  const { remoteVersion, result, resolution } = change.conflict
  return {
    id,
    strategy,
    outcome,
    fields,
    schemaVersion,
    base,
    baseKnown,
    local,
    remote,
    remoteVersion,
    result,
    resolution,
    fleetId,
    mutationId: mutation.id,
    collection: mutation.collection,
    recordId: mutation.recordId,
    deviceId: change.deviceId,
    deviceName,
    appVersion: change.appVersion,
    remoteAppVersion,
    sessionId: change.sessionId,
    status: outcome === 'manual' ? 'open' : 'resolved',
    createdAtMs: atMs,
    closure: null,
    desk: NOTHING_SAID,
  }
}

const NOTHING_SAID: ConflictRow['desk'] = { assigned: null, note: '', version: 0 }

/**
 * The letter of a change (DL1). A replay that died again makes no second one; of what waited for a person the one that is
 * there is opened again.
 */
export function deadLetterRowOf(
  fleetId: string,
  change: WrittenChange,
  deviceName: string,
  atMs: number,
): DeadLetterRow | null {
  if (!change.deadLetter || change.replayOf !== null) return null
  const cause = causeOfChange(change)
  return {
    ...change.deadLetter,
    ...cause,
    groupId: cause.fingerprint,
    fleetId,
    mutation: change.incoming.mutation,
    deviceId: change.deviceId,
    deviceName,
    sessionId: change.sessionId,
    appVersion: change.appVersion,
    madeAtMs: change.correctedMadeAtMs,
    createdAtMs: atMs,
    status: 'open',
    attempts: 0,
    lastReplay: null,
    discardedAtMs: null,
    discardedWith: null,
    editedAs: null,
  }
}

/** The cause that the letter of a change keeps. */
export function causeOfChange({ deadLetter, incoming }: WrittenChange): KeptCause {
  assert(deadLetter, 'the change made a letter')
  const { collection, schemaVersion } = incoming.mutation
  return keptCause({ ...deadLetter, collection, schemaVersion })
}

/** What a replay does to its letter: closes it, or counts an attempt and tells why it died again (ID3). */
export function replayOutcome(
  change: WrittenChange,
  atMs: number,
): Pick<DeadLetterRow, 'status' | 'lastReplay' | 'editedAs'> {
  const { result, editOf, incoming } = change
  if (result.status === 'dead_lettered') {
    const lastReplay = { atMs, status: result.status, detail: result.detail }
    return { status: 'open', lastReplay, editedAs: null }
  }
  const lastReplay = { atMs, status: result.status, detail: null }
  return { status: 'replayed', lastReplay, editedAs: editOf === null ? null : incoming.mutation.id }
}

/** Conflicts whose state decides about these mutations: those that they were answered with. */
export function conflictsBehind(mutations: Iterable<KnownMutation>): string[] {
  const ids = new Set<string>()
  for (const { result } of mutations) if (result.status === 'conflict') ids.add(result.conflictId)
  return [...ids]
}

/** What those that wait for a person, or did, were made on: what comes behind them may stand on that (CS9). */
export function basesBehind(mutations: Iterable<KnownMutation>): PushPlan['bases'] {
  const bases = new Map<string, PushPlan['bases'][number]>()
  for (const { result, mutation } of mutations) {
    const { collection, recordId, baseVersion: version } = mutation
    if (result.status === 'conflict' && version > 0)
      bases.set(baseKey(collection, recordId, version), { collection, recordId, version })
  }
  return [...bases.values()]
}

/**
 * For what comes late of a life of a record with CRDTs that is over: the version up to which the one who began today's
 * knew the record, where that is an older one (CS9). What a device did since then is its difference from there.
 */
export function basesOfLives(
  { bases }: Pick<PushPlan, 'bases'>,
  records: ReadonlyMap<RecordKey, RecordState>,
): PushPlan['bases'] {
  const known = new Map<string, PushPlan['bases'][number]>()
  for (const { collection, recordId, version } of bases) {
    const { life = 0, ot, versionVector = {} } = records.get(recordKey(collection, recordId)) ?? {}
    if (version >= life || ot) continue
    const seen = Math.max(0, ...Object.values(versionVector).filter((newest) => newest < life))
    if (seen > 0 && seen < version)
      known.set(baseKey(collection, recordId, seen), { collection, recordId, version: seen })
  }
  return [...known.values()]
}

/**
 * What the document writes were made on that come before these pushes, on older bases than theirs (AF2): of records with CRDTs
 * or under OT, as far as others wrote them since. Each was made on those before it that its base has not, and so on.
 */
export function basesOfChains(
  { bases, mutationIds }: Pick<PushPlan, 'bases' | 'mutationIds'>,
  records: ReadonlyMap<RecordKey, RecordState>,
  mutations: ReadonlyMap<string, KnownMutation>,
): PushPlan['bases'] {
  const found = new Map<string, PushPlan['bases'][number]>()
  const lowest = new Map<string, number>()
  for (const { collection, recordId, version } of bases) {
    const key = recordKey(collection, recordId)
    lowest.set(key, Math.min(version, lowest.get(key) ?? Infinity))
  }
  const seen = new Set<string>()
  for (const id of mutationIds) {
    const chain = new Map<string, PushPlan['bases'][number]>()
    let [isOthers, base] = [false, Infinity]
    for (let known = mutations.get(id); known && !seen.has(known.id); known = parentIn(mutations, known)) {
      const { deviceId, result, mutation } = known
      const { collection, recordId, baseVersion: version, op } = mutation
      const key = recordKey(collection, recordId)
      base = Math.min(base, lowest.get(key) ?? 0)
      const { crdt = {}, ot, versionVector = {} } = records.get(key) ?? {}
      if (isInDocument(result, base) || !(ot || Object.keys(crdt).length > 0)) break
      seen.add(known.id)
      if (op.type !== 'put' && op.type !== 'patch') continue
      base = Math.min(base, version)
      if (version > 0) chain.set(baseKey(collection, recordId, version), { collection, recordId, version })
      isOthers ||= writtenByOthersSince(versionVector, deviceId, version)
    }
    if (isOthers) for (const [key, made] of chain) found.set(key, made)
  }
  return [...found.values()]
}

function parentIn(
  mutations: ReadonlyMap<string, KnownMutation>,
  { mutation }: KnownMutation,
): KnownMutation | undefined {
  const named = mutation.after === undefined ? undefined : mutations.get(mutation.after)
  return named?.replacedBy ? mutations.get(named.replacedBy) : named
}

/** An edit that died again has no effect but on its letter: its mutation id stays unused (ID3). */
export const isLogged = ({ editOf, result }: WrittenChange): boolean =>
  editOf === null || result.status !== 'dead_lettered'

/** Mutations of one device whose failed tries are remembered; beyond, the oldest are forgotten and count anew. */
export const FAILED_TRIES_PER_DEVICE_MAX = 1_000

/** A head grows by the versions that were made, and by nothing else (PU1). */
export function assertDense(
  before: ReadonlyMap<string, number>,
  writes: Pick<PushWrites, 'heads' | 'changes'>,
): void {
  const next = new Map<string, number>(before)
  for (const { record } of writes.changes) {
    if (!record) continue
    const expected = (next.get(record.collection) ?? 0) + 1
    assert(
      record.version === expected,
      `version ${record.version} of ${record.collection} follows ${expected - 1}`,
    )
    next.set(record.collection, expected)
  }
  for (const [collection, head] of writes.heads) {
    assert(head === next.get(collection), `head ${head} of ${collection} is its last version`)
  }
}
