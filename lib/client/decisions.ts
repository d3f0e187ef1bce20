import { SERVER_ACTOR_ID } from '#lib/engine/clock-offset.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import { sendConflictsAgain } from './epoch.ts'
import { ReplicaError } from './errors.ts'
import { letterKey } from './note-dead-letter.ts'
import { noteRefusal } from './note-refusal.ts'
import { conflictKey, conflictsOf } from './notices.ts'
import { forgetAcknowledged, getCounts } from './outbox.ts'
import { sendAgain, takenFrom } from './send-again.ts'
import type { StoreTx } from './store.ts'
import type {
  AcknowledgedEntry,
  ConflictNotice,
  DeadLetterNotice,
  LocalRefusal,
  Place,
  ReplicaRecord,
} from './tables.ts'
import { eachRow, getRecord, getRow, identityOf, positionKey, putRow, setMeta } from './tables.ts'
import type { WriteOptions } from './write.ts'

/**
 * A change as the decision of a conflict: it goes on from no other one, and is made on the version that the person saw, so
 * that what came since meets it at the server as it meets any change (CS12). An older notice than the device's says that
 * version; a newer one is of before a restore.
 */
export async function asDecision(
  tx: StoreTx,
  { after: _, baseEpoch: __, ...mutation }: Mutation,
  decided: WriteOptions['resolves'],
): Promise<Mutation> {
  const drawn = typeof decided === 'string' ? { conflictId: decided } : decided
  const resolves = drawn?.conflictId ?? ''
  if (!isUuid(resolves)) throw new ReplicaError('invalid_id', resolves)
  const { collection, recordId } = mutation
  const { epoch } = await identityOf(tx)
  const notice = await getRow<ConflictNotice>(tx, 'notices', conflictKey(collection, recordId, resolves))
  const told = (notice ? notice.record : await getRecord(tx, collection, recordId))?.version ?? 0
  const seen = drawn && 'record' in drawn ? (drawn.record?.version ?? 0) : told
  return {
    ...mutation,
    ...(epoch === null ? {} : { baseEpoch: epoch }),
    baseVersion: Math.min(seen, told),
    resolves,
  }
}

/** A child of a mutation in conflict answers with its parent's conflict: one notice holds both. */
export async function noteConflict(
  tx: StoreTx,
  conflictId: string,
  { mutation, acknowledgedAtMs, ...place }: AcknowledgedEntry,
  record: WireRecord | null,
  isUnsure: boolean,
): Promise<void> {
  const { collection, recordId } = mutation
  const key = conflictKey(collection, recordId, conflictId)
  const known = await getRow<ConflictNotice>(tx, 'notices', key)
  const held = await getRecord(tx, collection, recordId)
  const met = record?.version ?? 0
  const mutations = [...(known?.mutations ?? []).filter((own) => own.id !== mutation.id), mutation]
  const notice: ConflictNotice = {
    noticedAtMs: acknowledgedAtMs,
    ...known,
    conflictId,
    collection,
    recordId,
    mutations,
    places: { ...known?.places, [mutation.id]: place },
    // An answer that is repeated tells what was so then.
    record: held && held.version > met ? wireOf(held) : record,
    met,
    unsure: isUnsure || undefined,
  }
  await putRow(tx, 'notices', key, notice)
  await tx.remove('notices', letterKey(mutation))
}

const wireOf = ({
  mark: _,
  orphan: __,
  heard: ___,
  heardVersion: ____,
  ...wire
}: ReplicaRecord): WireRecord => wire

/**
 * After a pulled record: what waits for a person tells it from now on, whoever wrote it (CS12). A newer version by the desk, or
 * by this device, may have decided its conflicts, or be another conflict's decision, or a letter that was replayed. The
 * server is asked (CM1).
 */
export async function reviewConflicts(tx: StoreTx, change: WireRecord, deviceId: string): Promise<void> {
  const { collection, recordId } = change
  const held = await getRecord(tx, collection, recordId)
  const record = held ? wireOf(held) : change
  for (const conflict of await conflictsOf(tx, collection, recordId)) {
    // A version of the SDK before this one noted the answer alone.
    const met = conflict.met ?? conflict.record?.version ?? 0
    const isNewer = (actor: string): boolean => (record.versionVector[actor] ?? 0) > met
    const unsure = isNewer(deviceId) || isNewer(SERVER_ACTOR_ID) || conflict.unsure
    const key = conflictKey(collection, recordId, conflict.conflictId)
    await putRow(tx, 'notices', key, { ...conflict, record, met, unsure })
  }
}

/** The server's answer: what is among neither its `decided` nor its `unknown` waits for a person still. */
export async function noteAnswered(
  tx: StoreTx,
  asked: readonly ConflictNotice[],
  { decided, unknown }: JsonObject,
): Promise<void> {
  const isAmong = (ids: Json | undefined, id: string): boolean => Array.isArray(ids) && ids.includes(id)
  const lost: ConflictNotice[] = []
  for (const { collection, recordId, conflictId } of asked) {
    const key = conflictKey(collection, recordId, conflictId)
    const notice = await getRow<ConflictNotice>(tx, 'notices', key)
    if (!notice) continue
    const { unsure: _, ...settled } = notice
    await putRow(tx, 'notices', key, isAmong(decided, conflictId) ? { ...settled, decided: true } : settled)
    if (isAmong(unknown, conflictId)) lost.push(settled)
  }
  await sendConflictsAgain(tx, lost)
}

/** Told by the server. The device goes on showing its own side until a pull brings what was decided. */
export async function noteDecided(tx: StoreTx, conflictId: unknown): Promise<void> {
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async (notice, key) => {
    if (notice.conflictId !== conflictId) return true
    await putRow(tx, 'notices', key, { ...notice, decided: true })
    return false
  })
}

/**
 * The server doesn't know this conflict, so nobody will ever decide it: what stood in it is this device's alone, and what
 * waits behind it goes on.
 */
export async function giveUpConflict(
  tx: StoreTx,
  { collection, recordId, resolves }: Mutation,
  noticedAtMs: number,
): Promise<readonly LocalRefusal[]> {
  const key = conflictKey(collection, recordId, String(resolves))
  const { mutations } = (await getRow<ConflictNotice>(tx, 'notices', key)) ?? { mutations: [] }
  await tx.remove('notices', key)
  const code = 'unknown_conflict'
  const refusals = mutations.map((mutation) => ({ code, detail: '', mutation, noticedAtMs }))
  for (const refusal of refusals) await noteRefusal(tx, refusal)
  return refusals
}

/**
 * It was decided. What waited behind it has left the queue with it, and has run since, or goes with the side that was not kept:
 * only the server knows (CM3).
 */
export async function closeConflict(
  tx: StoreTx,
  { collection, recordId, conflictId, mutations, places }: ConflictNotice,
): Promise<void> {
  await tx.remove('notices', conflictKey(collection, recordId, conflictId))
  const behind = mutations.filter(({ after }) => mutations.some(({ id }) => id === after))
  await askAgain(tx, behind, places)
}

/** What the server took ends what was told of it: the conflict that it decides, and the letter that it was before a restore or a fork. */
export async function closeTold(tx: StoreTx, mutation: Mutation): Promise<void> {
  const { collection, recordId, resolves } = mutation
  await tx.remove('notices', letterKey(mutation))
  if (resolves === undefined) return
  const notice = await getRow<ConflictNotice>(tx, 'notices', conflictKey(collection, recordId, resolves))
  if (notice) await closeConflict(tx, notice)
}

/**
 * What the server had, and did something with that this device was not told, goes out once more under its id: the answer
 * is what became of it, and a person hears of a new conflict or letter (CM3). It is shown no more meanwhile.
 */
export async function askAgain(
  tx: StoreTx,
  mutations: readonly Mutation[],
  places: ConflictNotice['places'] = {},
): Promise<void> {
  const { deviceId } = await identityOf(tx)
  for (const mutation of mutations) {
    const place = places[mutation.id]
    const sent = await leaveAcknowledged(tx, mutation, place)
    await sendAgain(tx, takenFrom(sent ?? mutation, place, deviceId), true)
  }
}

/** It is kept for a restore once more when it is answered. Gives it as the server had it: what is shown may have gone past others' work. */
async function leaveAcknowledged(
  tx: StoreTx,
  { id }: Mutation,
  place: Place | undefined,
): Promise<Mutation | undefined> {
  if (!place) return
  const kept = await getRow<AcknowledgedEntry>(tx, 'acknowledged', positionKey(place.position))
  if (kept?.mutation.id !== id) return
  await forgetAcknowledged(tx, kept)
  const counts = await getCounts(tx)
  await setMeta(tx, 'counts', { ...counts, acknowledged: counts.acknowledged - 1 })
  return kept.mutation
}

/** Of each letter that is told here the server is asked what it is by now; it is told until the answer. */
export const askLetters = (tx: StoreTx): Promise<void> =>
  eachRow<DeadLetterNotice>(tx, 'notices', 'dead_letter/', async ({ mutation }) => {
    await askAgain(tx, [mutation])
    return true
  })

/** The letter is closed: an operator let it go, or had it replayed, with an outcome that only the server knows (CM3). */
export async function closeLetter(tx: StoreTx, deadLetterId: unknown, isReplayed: boolean): Promise<void> {
  await eachRow<DeadLetterNotice>(tx, 'notices', 'dead_letter/', async (notice, key) => {
    if (notice.deadLetterId !== deadLetterId) return true
    await tx.remove('notices', key)
    if (isReplayed) await askAgain(tx, [notice.mutation])
    return false
  })
}
