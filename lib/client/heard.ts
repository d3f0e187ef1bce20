import { migratePointer, isComputed } from '#lib/engine/schema-evolution/migrate-pointer.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { ChangeFate } from '#lib/protocol/device.ts'
import { AWAITED_MAX } from '#lib/protocol/limits.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { stillHeard } from './crdt-heard.ts'
import { stateAt } from './crdt-state-at.ts'
import type { CrdtParts } from './crdt-parts.ts'
import { joinedTexts, missedTexts, restateTexts, textsShown } from './restate.ts'
import type { Run } from './run.ts'
import type { StoreTx } from './store.ts'
import type { AwaitedChange, FullSyncReason, HeardNote, ReplicaRecord } from './tables.ts'
import {
  HEARD_KEPT_MS,
  configOf,
  eachRow,
  getRecord,
  getRow,
  putRow,
  recordRowKey,
  setMeta,
} from './tables.ts'

const noteKey = (collection: string, recordId: string): string =>
  `heard/${recordRowKey(collection, recordId)}`

const readNote = (tx: StoreTx, collection: string, recordId: string): Promise<HeardNote | null> =>
  getRow<HeardNote>(tx, 'notices', noteKey(collection, recordId))

/** A time ahead of now comes from a clock that was set back. */
const isOver = ({ sinceMs, isOver }: HeardNote, nowMs: number): boolean =>
  isOver === true || (sinceMs !== undefined && (nowMs - sinceMs >= HEARD_KEPT_MS || sinceMs > nowMs))

/** Both awaited; the older one's day counts, so that two devices can't keep a change alive between them. */
async function noteHeard(
  tx: StoreTx,
  { collection, recordId }: ReplicaRecord,
  more: HeardNote,
): Promise<void> {
  const known = await readNote(tx, collection, recordId)
  const times = [known, more].flatMap((note) => (note?.sinceMs === undefined ? [] : [note.sinceMs]))
  const note: HeardNote = {
    ...known,
    ...(times.length > 0 ? { sinceMs: Math.min(...times) } : {}),
    awaits: together(known?.awaits ?? [], more.awaits),
    isOver: known?.isOver,
  }
  await putRow(tx, 'notices', noteKey(collection, recordId), note)
  await setMeta(tx, 'hasHeard', true)
}

/** Each once; the newest ones, where they are too many: the others' authors send them first. Ids are in order of time. */
function together(...lists: readonly (readonly AwaitedChange[])[]): readonly AwaitedChange[] {
  const byId = new Map(lists.flat().map((each) => [each.id, each]))
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-AWAITED_MAX)
}

/** What the server's record, as it comes, leaves of what was heard; undefined when that is nothing. */
async function keepHeard(
  tx: StoreTx,
  known: ReplicaRecord,
  wire: WireRecord,
): Promise<Pick<ReplicaRecord, 'heard' | 'heardVersion'> | undefined> {
  const { collection, recordId, heard, heardVersion = known.schemaVersion } = known
  if (!heard || !(await readNote(tx, collection, recordId))) return undefined
  const version = Math.max(heardVersion, wire.schemaVersion)
  const moved = await bringUp(tx, collection, heard, heardVersion, version)
  const left = moved && stillHeard(wire.crdt ?? {}, moved)
  return left ? { heard: left, heardVersion: version } : undefined
}

/** Of what is heard now: that of the config; before the first one that of the export. */
async function versionOf(tx: StoreTx, collection: string, exported: number): Promise<number> {
  return (await configOf(tx, collection))?.schemaVersion ?? exported
}

/**
 * States of one schema version at the places of a later one (DL5); null where this device doesn't know how. What the
 * migrations compute or remove is left out.
 */
async function bringUp(
  tx: StoreTx,
  collection: string,
  states: CrdtStates,
  from: number,
  to: number,
): Promise<CrdtStates | null> {
  if (from === to) return states
  const rules = await configOf(tx, collection)
  if (!rules || from > to || rules.schemaVersion !== to) return null
  const moved = Object.entries(states).flatMap(([pointer, state]) => {
    const path = isComputed(rules, pointer, from) ? null : migratePointer(rules, pointer, from)
    return path === null ? [] : [[path, state] as const]
  })
  return Object.fromEntries(moved)
}

/**
 * After a sync: begins the day of what was heard before it, and ends what is over, or has nothing to wait for. After one
 * that read everything anew all of it ends, but for a device's first. Nothing is lost: each author sends its own.
 */
export async function endHeard(
  parts: Pick<CrdtParts, 'rebase'>,
  tx: StoreTx,
  fullReason: FullSyncReason | null,
  run: Pick<Run, 'clock' | 'random' | 'hasEnded'>,
): Promise<void> {
  const nowMs = run.clock.now()
  const endsAll = fullReason !== null && fullReason !== 'first'
  let kept = 0
  const notes: (readonly [string, HeardNote])[] = []
  await eachRow<HeardNote>(tx, 'notices', 'heard/', (note, key) => notes.push([key, note]) > 0)
  for (const [key, note] of notes) {
    const [, collection = '', recordId = ''] = key.split('/')
    const record = await getRecord(tx, collection, recordId)
    const isAwaited = note.awaits.length > 0 || note.holdsLost === true
    const isKept = record?.heard && !endsAll && isAwaited && !isOver(note, nowMs)
    if (isKept && note.sinceMs === undefined) await putRow(tx, 'notices', key, { ...note, sinceMs: nowMs })
    if (isKept) kept += 1
    if (isKept) continue
    await tx.remove('notices', key)
    if (record?.heard) {
      await restateTexts(parts, tx, run, record)
      await dropHeard(tx, record)
      run.hasEnded = true
    }
    if (note.lost && (await keepLost(parts, tx, run, note, [collection, recordId]))) kept += 1
  }
  if (kept === 0) await setMeta(tx, 'hasHeard', null)
}

/**
 * The fleet was restored (TK6), and nothing goes out again yet. Of the records in which this device typed (`own`), their texts
 * as they are here: what was typed into them may stand on what only another device can bring back.
 */
export async function noteLost(
  parts: Pick<CrdtParts, 'rebase'>,
  tx: StoreTx,
  own: readonly Mutation[],
): Promise<void> {
  const records = new Map(own.filter(isTyped).map((one) => [recordRowKey(one.collection, one.recordId), one]))
  for (const { collection, recordId } of records.values()) {
    const record = await getRecord(tx, collection, recordId)
    if (!record) continue
    const known = await readNote(tx, collection, recordId)
    const shown = await textsShown(parts, tx, record)
    // Two restores, one shortly after the other.
    const lost = known?.lostVersion === record.schemaVersion ? textsOf(known.lost ?? {}, shown) : shown
    if (Object.keys(lost).length === 0) continue
    const note = { awaits: [], ...known, lost, lostVersion: record.schemaVersion }
    await putRow(tx, 'notices', noteKey(collection, recordId), note)
    await setMeta(tx, 'hasHeard', true)
  }
}

const isTyped = ({ op }: Mutation): boolean =>
  op.type === 'crdt' && op.changes.some(({ kind }) => kind === 'text')

/** These texts too, each joined with the one that is there. */
const textsOf = (before: CrdtStates, more: CrdtStates): CrdtStates => ({
  ...before,
  ...Object.fromEntries(
    Object.entries(more).map(([path, state]) => {
      const known = stateAt(before, path)
      const isKnown = known?.kind === 'text' && state.kind === 'text'
      return [path, isKnown ? joinedTexts([known, state]) : state]
    }),
  ),
})

/** All was read anew. Texts that own typing still stands on are shown as what was heard is; true while there may be any. */
async function keepLost(
  parts: Pick<CrdtParts, 'rebase'>,
  tx: StoreTx,
  run: Pick<Run, 'clock' | 'random'>,
  { lost = {}, lostVersion = 0 }: HeardNote,
  [collection, recordId]: readonly [string, string],
): Promise<boolean> {
  const record = await getRecord(tx, collection, recordId)
  if (!record || record.orphan) return false
  const { schemaVersion } = record
  const moved = await bringUp(tx, collection, lost, lostVersion, schemaVersion)
  const heard = moved && (await missedTexts(parts, tx, run, record, moved))
  if (!moved || (heard && Object.keys(heard).length === 0)) return false
  const note: HeardNote = heard
    ? { awaits: [], sinceMs: run.clock.now(), holdsLost: true }
    : { awaits: [], lost: moved, lostVersion: schemaVersion }
  await putRow(tx, 'notices', noteKey(collection, recordId), note)
  const row = { ...record, heard, heardVersion: schemaVersion }
  if (heard) await putRow(tx, 'records', recordRowKey(collection, recordId), row)
  return true
}

async function dropHeard(
  tx: StoreTx,
  { heard: _, heardVersion: __, ...record }: ReplicaRecord,
): Promise<void> {
  const key = recordRowKey(record.collection, record.recordId)
  // A record that only others know goes with it; own changes of it wait on, as on a record made here.
  await (record.version === 0 ? tx.remove('records', key) : putRow(tx, 'records', key, record))
}

/** To ask the server about, once a session after a complete pull: at most AWAITED_MAX, by chance where there are more. */
async function awaited(tx: StoreTx, random: Random): Promise<readonly AwaitedChange[] | undefined> {
  const all = new Map<string, AwaitedChange>()
  await eachRow<HeardNote>(tx, 'notices', 'heard/', ({ sinceMs, isOver, awaits }) => {
    if (sinceMs !== undefined && !isOver) for (const each of awaits) all.set(each.id, each)
    return true
  })
  if (all.size <= AWAITED_MAX) return all.size > 0 ? [...all.values()] : undefined
  const from = Math.floor(random() * all.size)
  return [...all.values(), ...all.values()].slice(from, from + AWAITED_MAX)
}

/** The server's answer. What it can't tell yet is asked about again. */
async function noteFates(tx: StoreTx, { fates }: JsonObject): Promise<void> {
  const told = (Array.isArray(fates) ? (fates as readonly Json[]) : []).filter(isJsonObject)
  const fateOf = new Map(told.map(({ id, fate }) => [id, fate]))
  const decided: (readonly [string, HeardNote])[] = []
  await eachRow<HeardNote>(tx, 'notices', 'heard/', (note, key) => {
    const isOver = note.awaits.some(({ id }) => ENDING.has(fateOf.get(id))) || undefined
    const awaits = note.awaits.filter(({ id }) => fateOf.get(id) !== 'applied')
    if (isOver || awaits.length < note.awaits.length) decided.push([key, { ...note, awaits, isOver }])
    return true
  })
  for (const [key, note] of decided) await putRow(tx, 'notices', key, note)
}

const ENDING: ReadonlySet<unknown> = new Set<ChangeFate>(['refused', 'discarded', 'revoked'])

export const heardParts = {
  awaited,
  bringUp,
  isOver,
  keepHeard,
  noteFates,
  noteHeard,
  readNote,
  together,
  versionOf,
}
