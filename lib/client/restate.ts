import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { CrdtChange, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { toIso } from './clock.ts'
import type { CrdtParts } from './crdt-parts.ts'
import { stateAt } from './crdt-state-at.ts'
import { loadedText, need, text } from './crdt-text.ts'
import { readOffset, tickClock } from './device-clock.ts'
import { conflictsOf } from './notices.ts'
import { addEntry, bytesOf, pendingOf, takePosition } from './outbox.ts'
import type { Run } from './run.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, OutboxEntry, ReplicaRecord } from './tables.ts'
import { eachRow, identityOf } from './tables.ts'
import { groundOf, notYetIn } from './view.ts'

type Source = Pick<Run, 'clock' | 'random'>
type TextState = Extract<CrdtState, { kind: 'text' }>

/**
 * What was heard of a record ends: text that this device typed into it stands on it, and would be seen no more until its
 * author's comes, which may be never. It is put forward once more, as a change on what the server has.
 */
export async function restateTexts(
  parts: Pick<CrdtParts, 'rebase'>,
  tx: StoreTx,
  source: Source,
  record: ReplicaRecord,
): Promise<void> {
  const { collection, heard = {}, schemaVersion } = record
  const paths = Object.keys(heard).filter((path) => heard[path]?.kind === 'text')
  if (paths.length === 0) return
  const { all, own } = await openChanges(tx, record)
  const ground = await groundOf(tx, collection, record)
  const fitting = own.filter((mutation) => mutation.schemaVersion === schemaVersion)
  const left = parts.rebase({ ...ground, heard: undefined }, fitting).states
  const shown = parts.rebase(ground, fitting).states
  const changes: CrdtChange[] = []
  for (const path of paths) {
    const [whole, base] = [stateAt(shown, path), stateAt(left, path)]
    if (whole?.kind !== 'text' || base?.kind !== 'text') continue
    need(text ? '' : 'text_not_loaded')
    if (!text?.waits(base)) continue
    const edits = [...(await acknowledgedEdits(tx, record, path)), ...editsOf(all, path)]
    const delta = text.restate(whole, base, edits, uuidv7(source.clock.now(), source.random))
    if (delta.ok && delta.value) changes.push({ path, ...delta.value })
  }
  if (changes.length > 0) await putForward(tx, source, record, changes, all.at(-1)?.id)
}

/** Own changes of a record that may come to something still, and those of them that it hasn't, as far as it tells. */
async function openChanges(
  tx: StoreTx,
  record: ReplicaRecord,
): Promise<{ readonly all: readonly Mutation[]; readonly own: readonly Mutation[] }> {
  const { collection, recordId } = record
  const held = (await conflictsOf(tx, collection, recordId)).flatMap(({ mutations }) => mutations)
  const pending = (await pendingOf(tx, collection, recordId)).filter(({ asked }) => !asked)
  const withHeld = (entries: readonly OutboxEntry[]): readonly Mutation[] => [
    ...held,
    ...entries.map(({ mutation }) => mutation),
  ]
  return { all: withHeld(pending), own: withHeld(notYetIn(record, pending)) }
}

/** The texts of a record as they are here, with what waits and what was heard. */
export async function textsShown(
  parts: Pick<CrdtParts, 'rebase'>,
  tx: StoreTx,
  record: ReplicaRecord,
): Promise<CrdtStates> {
  const { own } = await openChanges(tx, record)
  const fitting = own.filter(({ schemaVersion }) => schemaVersion === record.schemaVersion)
  const { states } = parts.rebase(await groundOf(tx, record.collection, record), fitting)
  return Object.fromEntries(Object.entries(states).filter(([, { kind }]) => kind === 'text'))
}

/**
 * A restored server was read anew: which of these texts, as the one before showed them, own typing stands on and would not be
 * seen without; null where only the answer to an own document write that waits will tell. Where the server has another text
 * there, since a document write had replaced that one as a plain value, this write can't come back behind the typing: what
 * was typed is put forward at once.
 */
export async function missedTexts(
  parts: Pick<CrdtParts, 'rebase'>,
  tx: StoreTx,
  source: Source,
  record: ReplicaRecord,
  lost: CrdtStates,
): Promise<CrdtStates | null> {
  const { all, own } = await openChanges(tx, record)
  // Of a document write only the server knows which parts it makes, if it takes it.
  if (own.some(({ op }) => op.type === 'put' || op.type === 'patch')) return null
  const ground = { ...(await groundOf(tx, record.collection, record)), heard: undefined }
  const fitting = own.filter(({ schemaVersion }) => schemaVersion === record.schemaVersion)
  const { states } = parts.rebase(ground, fitting)
  const changes: CrdtChange[] = []
  const missed: Record<string, CrdtState> = {}
  for (const [path, state] of Object.entries(lost)) {
    const base = stateAt(states, path)
    if (state.kind !== 'text' || base?.kind !== 'text' || !loadedText().waits(base)) continue
    const isOfText = loadedText().meets(state, base)
    const edits = [...(await acknowledgedEdits(tx, record, path)), ...editsOf(all, path)]
    const whole = joinedTexts([state, ...(isOfText ? [base] : edits)])
    const delta = loadedText().restate(whole, base, edits, uuidv7(source.clock.now(), source.random))
    if (!delta.ok || !delta.value) continue
    if (isOfText) missed[path] = state
    else changes.push({ path, ...delta.value })
  }
  // Not behind what comes back, whose base the server doesn't know: it keeps the places of a text that it can look up.
  if (changes.length > 0) await putForward(tx, source, record, changes, undefined)
  return missed
}

/** What can't be joined to the first one is left out. */
export const joinedTexts = (states: readonly TextState[]): TextState =>
  states.reduce((joined, state) => {
    const both = loadedText().merge(joined, state)
    return both.ok ? both.value : joined
  })

const editsOf = (mutations: readonly Mutation[], path: string): readonly TextState[] =>
  mutations.flatMap(({ op }) =>
    op.type === 'crdt'
      ? op.changes.flatMap((one) => (one.kind === 'text' && one.path === path ? [one] : []))
      : [],
  )

/** They are kept for a week, for a restore of the server: longer than anything that was heard. */
async function acknowledgedEdits(
  tx: StoreTx,
  { collection, recordId }: ReplicaRecord,
  path: string,
): Promise<readonly TextState[]> {
  const found: Mutation[] = []
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', ({ mutation }) => {
    if (mutation.collection === collection && mutation.recordId === recordId) found.push(mutation)
    return true
  })
  return editsOf(found, path)
}

async function putForward(
  tx: StoreTx,
  { clock, random }: Source,
  { collection, recordId, version, schemaVersion }: ReplicaRecord,
  changes: readonly CrdtChange[],
  after: string | undefined,
): Promise<void> {
  const { deviceId, epoch } = await identityOf(tx)
  const nowMs = clock.now()
  const offset = await readOffset(tx)
  const mutation: Mutation = {
    id: uuidv7(nowMs, random),
    collection,
    recordId,
    baseVersion: version,
    ...(epoch === null ? {} : { baseEpoch: epoch }),
    ...(after === undefined ? {} : { after }),
    schemaVersion,
    hlc: await tickClock(tx, deviceId, nowMs),
    madeAt: toIso(nowMs),
    ...(offset ? { madeOffsetMs: offset.offsetMs } : {}),
    op: { type: 'crdt', changes },
  }
  const position = await takePosition(tx)
  await addEntry(tx, {
    position,
    mutation,
    bytes: bytesOf(mutation),
    sends: 0,
    notBeforeMs: null,
    counted: {},
  })
}
