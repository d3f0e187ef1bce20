import { otPaths, usesOt } from '#lib/engine/ot/paths.ts'
import { touchedPlaces } from '#lib/engine/ot/touched-places.ts'
import { compareHlc } from '#lib/kernel/hlc.ts'
import { overlaps } from '#lib/kernel/json-pointer.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { actorOf, movedStamp } from './moved-mutation.ts'
import { noteRefusal } from './note-refusal.ts'
import { addEntry, bytesOf, dropEntry, pendingOf, saveEntry } from './outbox.ts'
import { setAside } from './set-aside.ts'
import type { StoreTx } from './store.ts'
import type { LocalRefusal, OutboxEntry } from './tables.ts'
import { configOf, getRecord } from './tables.ts'

/** A store was copied while it was open: the copies have one mutation with more or less joined to it (FK1). */
type Joined = Pick<OutboxEntry, 'mutation' | 'joinedAs' | 'acknowledged'>

/**
 * Whether what had the effect, at the stamp `hlc`, had less joined to it than the change has here (-1), more (1) or as
 * much. A stamp that was set anew (CS1) is an earlier one, of as much; what joined a change that comes again after a
 * restore isn't known any more.
 */
function compareForms({ mutation, joinedAs, acknowledged }: Joined, hlc: string): -1 | 0 | 1 {
  const order = compareHlc(movedStamp(hlc, actorOf(mutation)), mutation.hlc)
  const mayBeMore = joinedAs !== undefined || (acknowledged && mutation.op.type === 'ot')
  return order < 0 && !mayBeMore ? 0 : order
}

/**
 * Its twin sent a change before what was joined to it here: `hlc`, the stamp that had the effect, is an earlier one. The
 * whole goes out again, on top and under an id of its own; what that would count twice is told as a refusal. Null when
 * nothing was joined since.
 */
export async function sendRest(
  tx: StoreTx,
  entry: OutboxEntry,
  hlc: string,
  noticedAtMs: number,
): Promise<'sent' | LocalRefusal | null> {
  const { mutation, joinedAs } = entry
  const { id, collection, recordId, op } = mutation
  if (compareForms(entry, hlc) >= 0) return null
  const countsTwice =
    op.type === 'ot' ||
    (op.type === 'crdt' && op.changes.some(({ kind }) => kind !== 'text' && kind !== 'lww-register'))
  if (countsTwice || joinedAs === undefined) {
    const detail = 'A copy of this store sent a part of it; the rest may not have counted.'
    const refusal = { code: 'sent_in_part', detail, mutation, noticedAtMs }
    await noteRefusal(tx, refusal)
    return refusal
  }
  await dropEntry(tx, entry)
  const rest = { ...mutation, id: joinedAs, after: id }
  await addEntry(tx, {
    ...entry,
    mutation: rest,
    bytes: bytesOf(rest),
    sends: 0,
    notBeforeMs: null,
    joinedAs: undefined,
  })
  for (const later of await pendingOf(tx, collection, recordId))
    if (later.mutation.after === id && later.mutation.id !== joinedAs && later.sends === 0)
      await saveEntry(tx, { ...later, mutation: { ...later.mutation, after: joinedAs } })
  return 'sent'
}

/**
 * Its twin sent a change with less or more joined to it. What waits was made on it as it is here: under OT nothing tells
 * its place on what the server has, so it is set aside, and told. What the same answer speaks of has left the queue: the server
 * has seen both forms.
 */
export async function setAsideMadeOn(
  tx: StoreTx,
  parent: Joined,
  hlc: string,
  nowMs: number,
): Promise<readonly LocalRefusal[]> {
  const { id, collection, recordId, op } = parent.mutation
  const order = compareForms(parent, hlc)
  const config = await configOf(tx, collection)
  // A document that had less goes out again, whole, before what was made on it.
  const isOnTop = order === 0 || (order < 0 && op.type !== 'ot')
  if (isOnTop || op.type === 'crdt' || !config || !usesOt(config)) return []
  const paths = otPaths(config, (await getRecord(tx, collection, recordId))?.ot ?? {})
  // Under another schema version its names are others.
  const placesOf = ({ op, schemaVersion }: Mutation): readonly string[] =>
    schemaVersion === config.schemaVersion ? touchedPlaces(op) : ['']
  const touches = (mutation: Mutation, path: string): boolean =>
    placesOf(mutation).some((place) => overlaps(place, path))
  // Patches are joined with what touches other places.
  const isOnIt = (path: string): boolean => (order > 0 && op.type !== 'ot') || touches(parent.mutation, path)
  const chain = new Set([id])
  const refusals: LocalRefusal[] = []
  for (const later of await pendingOf(tx, collection, recordId)) {
    const { mutation } = later
    const isBehind = mutation.after !== undefined && chain.has(mutation.after)
    if (!isBehind || refusals.some((one) => one.mutation.id === mutation.id)) continue
    chain.add(mutation.id)
    const own = mutation.op.type === 'ot' ? placesOf(mutation) : paths
    if (mutation.op.type === 'delete' || !own.some((path) => touches(mutation, path) && isOnIt(path)))
      continue
    const detail =
      'A copy of this store sent what it was made on with less or more in it: its place isn’t known.'
    refusals.push(...(await setAside(tx, later, 'sent_in_part', detail, nowMs)))
  }
  return refusals
}
