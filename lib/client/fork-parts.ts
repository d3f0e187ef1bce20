import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { SEED_DOTS_FROM } from '#lib/engine/crdt/claim.ts'
import { crdtParts, evolutionParts } from './on-demand.ts'
import type { Renaming } from './crdt-remake.ts'
import {
  asDecision,
  askLetters,
  closeConflict,
  closeLetter,
  closeTold,
  noteAnswered,
  noteConflict,
  reviewConflicts,
} from './decisions.ts'
import { spoilDots } from './device-dots.ts'
import { changeEpoch } from './epoch.ts'
import type { Failure } from './failures.ts'
import { followCommands } from './follow-commands.ts'
import { actorOf, movedMutation, movedStamp } from './moved-mutation.ts'
import { holdBack } from './hold-back.ts'
import { noteDeadLetter } from './note-dead-letter.ts'
import { conflictsOf } from './notices.ts'
import { bytesOf, eachOutboxEntry, pendingOf, saveEntry } from './outbox.ts'
import type { PushContext } from './push-results.ts'
import { refuseBatch } from './refuse-batch.ts'
import { refuse } from './refuse.ts'
import type { ReplicaContext } from './run.ts'
import { sendRest, setAsideMadeOn } from './sent-in-part.ts'
import { showConflicts } from './show-conflicts.ts'
import { dropSpare } from './spare.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, Counted, Former, Identity, OutboxEntry } from './tables.ts'
import {
  configOf,
  eachRow,
  getMeta,
  getRecord,
  identityOf,
  putRow,
  recordRowKey,
  setMeta,
  startOver,
} from './tables.ts'
import { align, groundOf, notYetIn } from './view.ts'

type Source = Pick<ReplicaContext, 'clock' | 'random'>

export interface ForkParts {
  changeEpoch(tx: StoreTx, nowMs: number): Promise<void>
  dropSpare(tx: StoreTx): Promise<void>
  takeIdentity(tx: StoreTx, identity: Identity): Promise<void>
  takeNewIdentity(tx: StoreTx, source: Source): Promise<void>
  leaveIdentity(
    tx: StoreTx,
    context: Source & Pick<ReplicaContext, 'enrollmentKey' | 'log'>,
    failure: Failure,
    deadToken: string | null,
  ): Promise<Failure>
  moveWork(tx: StoreTx, deviceId: string): Promise<void>
  countedElsewhere(
    tx: StoreTx,
    context: Pick<PushContext, 'refusals' | 'nowMs'>,
    entry: OutboxEntry,
    under: string,
    hlc: string | undefined,
  ): Promise<void>
  takeBack(tx: StoreTx): Promise<void>
  readonly noteDeadLetter: typeof noteDeadLetter
  readonly refuse: typeof refuse
  readonly holdBack: typeof holdBack
  readonly refuseBatch: typeof refuseBatch
  readonly reviewConflicts: typeof reviewConflicts
  readonly showConflicts: typeof showConflicts
  readonly noteAnswered: typeof noteAnswered
  readonly closeLetter: typeof closeLetter
  readonly closeConflict: typeof closeConflict
  readonly closeTold: typeof closeTold
  readonly followCommands: typeof followCommands
  readonly noteConflict: typeof noteConflict
  readonly asDecision: typeof asDecision
  readonly sendRest: typeof sendRest
}

/** All that was not acknowledged becomes the work of another id; what names the old one to the server is void. */
async function takeIdentity(tx: StoreTx, identity: Identity): Promise<void> {
  await setMeta(tx, 'identity', identity)
  await setMeta(tx, 'inFlight', null)
  await setMeta(tx, 'commands', null)
  await setMeta(tx, 'errands', null)
  await moveWork(tx, identity.deviceId)
}

const freshIds = ({ clock, random }: Source): Pick<Identity, 'deviceId' | 'enrollRequestId'> => ({
  deviceId: uuidv7(clock.now(), random),
  enrollRequestId: uuidv7(clock.now(), random),
})

/** The id is in use: by our own enrollment, whose token is lost or more than a day old, or by a copied store. */
const takeNewIdentity = async (tx: StoreTx, source: Source): Promise<void> =>
  takeIdentity(tx, { ...(await identityOf(tx)), ...freshIds(source) })

/**
 * The server doesn't know this token (any more): it was restored to before it gave it, or a rotation's answer was lost. The
 * one before it may still be good; else the device enrolls again, under its id where that is free. False: only a
 * person can help.
 */
async function leaveDeadToken(
  tx: StoreTx,
  context: Source & Pick<ReplicaContext, 'enrollmentKey'>,
  token: string,
): Promise<boolean> {
  const { tokenBefore, ...identity } = await identityOf(tx)
  // Another opening has another one by now.
  if (identity.token !== token) return true
  if (tokenBefore === undefined && context.enrollmentKey === null) return false
  const { enrollRequestId } = tokenBefore === undefined ? freshIds(context) : identity
  await setMeta(tx, 'identity', { ...identity, enrollRequestId, token: tokenBefore ?? null })
  return true
}

/** Newest first. Each costs a request where none is known to the server, or the enrollment key isn't. */
const FORMERS_MAX = 8
const proofsOf = (former: Former | undefined): readonly Former[] =>
  former ? [former, ...proofsOf(former.former)] : []

/**
 * Another copy of this store goes on under our id (409 `device_forked`). This one enrolls again under a new id and
 * proves the old one by its token: the server then knows what had an effect already. All that was not acknowledged
 * keeps its mutation ids; the position was the old id's, so everything is read anew. What became of its letters may have been
 * told to the other copy alone, before there were two ids: it asks (CM3).
 */
async function leaveForkedIdentity(tx: StoreTx, source: Source): Promise<void> {
  const { tokenBefore, ...identity } = await identityOf(tx)
  const { deviceId, token } = identity
  if (token === null) return
  // A server that is restored to before the last rotation knows the token before it alone.
  const tokens = tokenBefore === undefined ? [token] : [token, tokenBefore]
  const proofs = [...tokens.map((each) => ({ deviceId, token: each })), ...proofsOf(identity.former)]
  const former = proofs
    .slice(0, FORMERS_MAX)
    .reduceRight<Former | undefined>((before, proof) => ({ ...proof, former: before }), undefined)
  // After a restore all is read before anything is pushed, whoever this is (SM5).
  const reason = (await getMeta(tx, 'position'))?.fullReason
  await startOver(tx, reason === 'epoch_changed' ? reason : 'device_forked')
  await takeIdentity(tx, { ...identity, ...freshIds(source), token: null, former })
  await askLetters(tx)
}

/** Leaves a token that the server doesn't know, or an id that a copy goes on under; gives the failure as it is by then. */
const leaveIdentity: ForkParts['leaveIdentity'] = async (tx, context, failure, deadToken) => {
  const { status, code } = failure
  if (deadToken !== null) {
    if (!(await leaveDeadToken(tx, context, deadToken))) return failure
    context.log('token_unknown', { code })
    return { kind: 'unreachable', failure: 'answer_lost', status, code }
  }
  if (context.enrollmentKey === null) return { kind: 'halt', status, code }
  await leaveForkedIdentity(tx, context)
  context.log('forked', { code })
  return failure
}

/**
 * What waits, and what may be sent again after a restore, becomes the work of another id: stamps, dots and totals name
 * their device.
 */
async function moveWork(tx: StoreTx, deviceId: string): Promise<void> {
  const hlc = await getMeta(tx, 'hlc')
  if (hlc !== null) await setMeta(tx, 'hlc', movedStamp(hlc, deviceId))
  // The numbers of the old id's dots are given to its work under the new one.
  await spoilDots(tx)
  const records = new Map<string, Mutation[]>()
  await eachOutboxEntry(tx, async (entry) => {
    const { mutation } = entry
    const moved = {
      ...entry,
      opening: undefined,
      restored: entry.asked,
      mutation: movedMutation(mutation, deviceId),
    }
    // Nothing made from here on may hide in what its twin has too: no opening's name.
    await saveEntry(tx, moved)
    const key = recordRowKey(mutation.collection, mutation.recordId)
    records.set(key, [...(records.get(key) ?? []), mutation])
  })
  for (const mutations of records.values())
    await remakePending(tx, mutations, { from: actorOf(mutations[0]), to: deviceId, unseenFrom: 0 })
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', async (kept, key) => {
    const { mutation, under = actorOf(mutation) } = kept
    await putRow(tx, 'acknowledged', key, { ...kept, under, mutation: movedMutation(mutation, deviceId) })
    return true
  })
}

/** What had its effect under another id counts there, as it was sent: what is made after it does without. */
const countedElsewhere: ForkParts['countedElsewhere'] = async (tx, context, entry, under, hlc) => {
  const { mutation } = entry
  const { deviceId } = await identityOf(tx)
  // It comes back with the numbers of its dots where a restore takes it: they are given to nothing else.
  await spoilDots(tx)
  // The elements of a plain array get dots by their author once the array is a set.
  const unseenFrom = mutation.op.type === 'crdt' ? Infinity : SEED_DOTS_FROM
  await remakePending(tx, [mutation], { from: deviceId, to: under, unseenFrom }, 'read anew')
  if (hlc !== undefined) context.refusals.push(...(await setAsideMadeOn(tx, entry, hlc, context.nowMs)))
}

/**
 * What had its effect under another id came back after a restore of the server: once all was read anew it is made on that, on
 * top of what went out under this id.
 */
async function takeBack(tx: StoreTx): Promise<void> {
  const { deviceId } = await identityOf(tx)
  const elsewhere: [Mutation, string][] = []
  await eachOutboxEntry(tx, async ({ mutation, made }) => {
    if (made && made[0] !== deviceId) elsewhere.push([mutation, made[0]])
  })
  for (const [mutation, from] of elsewhere)
    await remakePending(tx, [mutation], { from, to: deviceId, unseenFrom: Infinity }, 'read anew')
}

/**
 * Makes a record's pending CRDT changes anew: each on what the server showed and on those before it, so that totals
 * hold what counts under this id alone (docs/decisions/0027). What `moved` adds changes its dots' names.
 * What went out under this id and may have had its effect stays as it was; once a restored server was read anew (SM5), its
 * record tells what had none. Fields are told by the names that they have under the newest schema version of
 * all this, and each change keeps its own (DL5).
 */
async function remakePending(
  tx: StoreTx,
  moved: readonly Mutation[],
  names: Pick<Renaming, 'from' | 'to' | 'unseenFrom'>,
  server?: 'read anew',
): Promise<void> {
  const { collection, recordId } = moved[0] as Mutation
  const entries = await pendingOf(tx, collection, recordId)
  if (!entries.some(({ mutation }) => mutation.op.type === 'crdt')) return
  const { deviceId } = await identityOf(tx)
  const config = await configOf(tx, collection)
  const known = await getRecord(tx, collection, recordId)
  // What a restored server hasn't goes out again, and counts from nothing.
  const stored = known?.orphan ? null : known
  const conflicts = await conflictsOf(tx, collection, recordId)
  const inConflict = conflicts.flatMap(({ mutations }) => mutations)
  const all = [...inConflict, ...entries.map(({ mutation }) => mutation)]
  const { record, version } = align(config, stored, all, config?.schemaVersion ?? 1)
  const broughtUp = (...own: readonly Mutation[]): readonly Mutation[] =>
    align(config, null, own, version).own
  const nameOf = ({ schemaVersion }: Mutation, path: string): string =>
    config?.upMigrations?.length && schemaVersion < version
      ? (evolutionParts().pointer({ ...config, schemaVersion: version }, path, schemaVersion) ?? path)
      : path
  const dots = new Set(moved.flatMap((mutation) => dotsAdded(mutation, names.from, nameOf)))
  const renaming = { ...names, deviceId, dots }
  const { rebase, remake, isLacking } = crdtParts()
  const shown = await groundOf(tx, collection, record)
  const namedIn = (mutation: Mutation): readonly CrdtChange[] =>
    mutation.op.type === 'crdt'
      ? mutation.op.changes.map((change) => ({ ...change, path: nameOf(mutation, change.path) }))
      : []
  const isFixed = ({ restored, asked, mutation }: OutboxEntry): boolean =>
    restored === true && !(server && !asked && isLacking(shown, namedIn(mutation), renaming))
  const waiting = notYetIn(stored, entries).filter(isFixed)
  const fixed = [...inConflict, ...waiting.map(({ mutation }) => mutation)]
  let ground = rebase(shown, broughtUp(...fixed))
  for (const entry of entries.filter((each) => !isFixed(each))) {
    const { op } = entry.mutation
    let { mutation } = entry
    if (op.type === 'crdt') {
      const named = namedIn(mutation)
      const counted = Object.entries(entry.counted ?? {}).map(([path, by]) => [nameOf(mutation, path), by])
      const made = remake(ground, named, Object.fromEntries(counted) as Counted, renaming)
      const changes = made.map((change, i) => ({ ...change, path: op.changes[i]?.path ?? change.path }))
      mutation = { ...mutation, op: { type: 'crdt', changes } } satisfies Mutation
      await saveEntry(tx, { ...entry, mutation, bytes: bytesOf(mutation), notBeforeMs: null })
    }
    ground = rebase(ground, broughtUp(mutation))
  }
}

/** `path dot` of its additions, by the name that they have under this id. */
function dotsAdded(
  mutation: Mutation,
  deviceId: string,
  nameOf: (mutation: Mutation, path: string) => string,
): readonly string[] {
  const { op } = mutation
  if (op.type !== 'crdt') return []
  return op.changes.flatMap((change) => {
    if (change.kind !== 'or-set') return []
    const path = nameOf(mutation, change.path)
    return (change.add ?? []).map(({ dot }) => `${path} ${deviceId}${dot.slice(dot.lastIndexOf(':'))}`)
  })
}

export const forkParts: ForkParts = {
  changeEpoch,
  dropSpare,
  takeIdentity,
  takeNewIdentity,
  leaveIdentity,
  moveWork,
  countedElsewhere,
  takeBack,
  noteDeadLetter,
  refuse,
  holdBack,
  refuseBatch,
  showConflicts,
  reviewConflicts,
  noteAnswered,
  closeLetter,
  closeConflict,
  closeTold,
  followCommands,
  noteConflict,
  asDecision,
  sendRest,
}
