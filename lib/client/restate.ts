import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { CrdtChange, CrdtState } from '#lib/protocol/crdt.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { toIso } from './clock.ts'
import type { CrdtParts } from './crdt-parts.ts'
import { stateAt } from './crdt-state-at.ts'
import { need, text } from './crdt-text.ts'
import { readOffset, tickClock } from './device-clock.ts'
import { conflictsOf } from './notices.ts'
import { addEntry, bytesOf, pendingOf, takePosition } from './outbox.ts'
import type { Run } from './run.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, ReplicaRecord } from './tables.ts'
import { eachRow, identityOf } from './tables.ts'
import { groundOf } from './view.ts'

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
  const { collection, recordId, heard = {}, schemaVersion } = record
  const paths = Object.keys(heard).filter((path) => heard[path]?.kind === 'text')
  if (paths.length === 0) return
  const conflicts = await conflictsOf(tx, collection, recordId)
  const pending = (await pendingOf(tx, collection, recordId)).filter(({ asked }) => !asked)
  const own = [...conflicts.flatMap(({ mutations }) => mutations), ...pending.map(({ mutation }) => mutation)]
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
    const edits = [...(await acknowledgedEdits(tx, record, path)), ...editsOf(own, path)]
    const delta = text.restate(whole, base, edits, uuidv7(source.clock.now(), source.random))
    if (delta.ok && delta.value) changes.push({ path, ...delta.value })
  }
  if (changes.length > 0) await putForward(tx, source, record, changes, own.at(-1)?.id)
}

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
