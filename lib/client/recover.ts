import { compareHlc, formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { Json } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { forkParts } from './fork-parts.ts'
import { inspect } from './inspect-store.ts'
import { bytesOf, depthOf, forgetAcknowledged, getCounts, saveEntry } from './outbox.ts'
import type { ReplicaStore, Salvage, StoreTx, Table } from './store.ts'
import { SALVAGED, TABLES, UNREADABLE_TOLD_MAX } from './store.ts'
import { isMutation, isSoundMeta, isSoundRow } from './stored-shapes.ts'
import { parseStored } from './stored-text.ts'
import type {
  AcknowledgedEntry,
  ConflictNotice,
  Identity,
  InFlight,
  OutboxEntry,
  RecoveryNotice,
} from './tables.ts'
import { eachRow, getMeta, positionKey, putRow, recordRowKey, setMeta, storedAs } from './tables.ts'

/** Lost changes that a notice names. */
export const LOST_CHANGES_TOLD_MAX = 100
const RECOVERIES_KEPT_MAX = 20

export interface RecoveryParts {
  readonly nowMs: number
  /** For a store that no longer knows who it is. */
  readonly newIdentity: () => Identity
  /** True when it did before: then an empty store is no new one. */
  readonly wasOpen: boolean
}

/**
 * Looks a store over, and rebuilds it from what can be read of it when rows are missing or unreadable (SDK4): pending
 * changes, records and notices are kept, and everything is read anew from the server. Null when nothing was lost.
 */
export async function recover(store: ReplicaStore, parts: RecoveryParts): Promise<RecoveryNotice | null> {
  const salvage = await store.salvage()
  const lostRows = salvage.unreadable.length > 0 || salvage.incomplete.length > 0 || salvage.setAside !== null
  return store.transact(async (tx) => {
    const finding = await inspect(tx)
    const depthBefore = depthOf(await soundCounts(tx))
    const malformed = await moveMalformedAside(tx)
    const isEmptied = parts.wasOpen && (await getMeta(tx, 'identity')) === null
    if (lostRows || malformed.length > 0 || finding === 'damaged' || isEmptied)
      return rebuild(tx, parts, { salvage, malformed, depthBefore })
    if (finding === 'miscounted') await countAgain(tx, parts.nowMs)
    return null
  })
}

/** What has already been taken out, and how many changes were said to wait. */
interface Losses {
  readonly salvage: Salvage
  readonly malformed: Salvage['unreadable']
  readonly depthBefore: number
}

async function rebuild(tx: StoreTx, parts: RecoveryParts, losses: Losses): Promise<RecoveryNotice> {
  const { salvage, malformed, depthBefore } = losses
  const { pending, lost } = await reindex(tx)
  await mendChains(tx)
  const isNewIdentity = await restoreIdentity(tx, parts)
  await restoreSums(tx, parts.nowMs)
  const inFlight = await getMeta(tx, 'inFlight')
  if (inFlight && !(await isWhole(tx, inFlight))) await setMeta(tx, 'inFlight', null)
  await setMeta(tx, 'lock', null)
  await setMeta(tx, 'position', { token: null, fullReason: 'corrupt_store', marks: {} })
  const unreadable = [...salvage.unreadable, ...malformed]
  const notice: RecoveryNotice = {
    noticedAtMs: parts.nowMs,
    pendingKept: pending,
    changesLost: lost.slice(0, LOST_CHANGES_TOLD_MAX),
    mayHaveLostMore:
      lost.length > LOST_CHANGES_TOLD_MAX ||
      pending + lost.length < depthBefore ||
      isNewIdentity ||
      salvage.incomplete.some((table) => table === 'outbox' || table === 'meta'),
    noticesLost: unreadable.filter(({ table }) => table === 'notices').length,
    isNewIdentity,
    setAside: salvage.setAside,
  }
  await tx.remove('meta', SALVAGED)
  await putRow(tx, 'notices', `recovery/${positionKey(parts.nowMs)}`, notice)
  const kept = await tx.scan('notices', { prefix: 'recovery/', limit: RECOVERIES_KEPT_MAX + 1 })
  if (kept.length > RECOVERIES_KEPT_MAX && kept[0]) await tx.remove('notices', kept[0].key)
  return notice
}

async function soundCounts(tx: StoreTx): ReturnType<typeof getCounts> {
  const value = await tx.get('meta', 'counts')
  return value !== undefined && isSoundMeta('counts', value)
    ? getCounts(tx)
    : { outbox: {}, acknowledged: 0, refusals: 0 }
}

/** What is JSON, but not what stands in its table: kept among the notices, out of everybody's way. */
async function moveMalformedAside(tx: StoreTx): Promise<Salvage['unreadable']> {
  const malformed: { table: Table; key: string; value: Json }[] = []
  for (const table of TABLES) {
    await eachRow<Json>(tx, table, '', (value, key) => {
      if (!isSoundRow(table, key, value)) malformed.push({ table, key, value })
      return true
    })
  }
  for (const { table, key, value } of malformed) {
    await tx.remove(table, key)
    const kept = await tx.scan('notices', { prefix: 'damaged/', limit: UNREADABLE_TOLD_MAX })
    if (kept.length < UNREADABLE_TOLD_MAX) await tx.put('notices', `damaged/${table} ${key}`, value)
  }
  return malformed
}

/**
 * What stands in the push under way, and whose row says no more than that: documents. A counter's row alone says what it
 * counts (FK3), an operation may be shown as another one by now, and what the server had before is only asked about.
 */
async function documentsInFlight(tx: StoreTx): Promise<ReadonlyMap<Json, Mutation>> {
  const body = parseStored((await getMeta(tx, 'inFlight'))?.body) ?? null
  const { mutations = [], acknowledged = [] } = isJsonObject(body) ? body : {}
  if (!Array.isArray(mutations) || !Array.isArray(acknowledged)) return new Map()
  const sent = mutations.filter(isMutation).map((mutation) => storedAs<Mutation>(mutation))
  const isDocument = ({ id, op }: Mutation): boolean =>
    op.type !== 'crdt' && op.type !== 'ot' && !acknowledged.includes(id)
  return new Map(sent.filter(isDocument).map((mutation) => [mutation.id, mutation]))
}

const sentEntry = (position: number, mutation: Mutation): OutboxEntry => ({
  position,
  mutation,
  bytes: bytesOf(mutation),
  sends: 1,
  notBeforeMs: null,
})

/** The indexes anew from the outbox; they still name the records of changes that are lost, or stand in the push under way. */
async function reindex(tx: StoreTx): Promise<{ pending: number; lost: RecoveryNotice['changesLost'] }> {
  const entries: OutboxEntry[] = []
  await eachRow<OutboxEntry>(tx, 'outbox', '', (entry) => entries.push(entry) > 0)
  const positions = new Set(entries.map(({ position }) => positionKey(position)))
  const kept = new Set<Json>(entries.map(({ mutation }) => mutation.id))
  const lost: { collection: string; recordId: string }[] = []
  const sent = await documentsInFlight(tx)
  const again: OutboxEntry[] = []
  const keys: Record<'outbox_by_id' | 'outbox_by_record', string[]> = {
    outbox_by_id: [],
    outbox_by_record: [],
  }
  await eachRow(tx, 'outbox_by_id', '', (_, key) => keys.outbox_by_id.push(key) > 0)
  await eachRow<Json>(tx, 'outbox_by_record', '', (id, key) => {
    const [collection = '', recordId = '', position = ''] = key.split('/')
    // Of a row whose key alone is damaged the change is still there.
    if (!positions.has(position) && !kept.has(id)) {
      const mutation = sent.get(id)
      const isPlace = positionKey(Number(position)) === position
      if (mutation && isPlace) again.push(sentEntry(Number(position), mutation))
      else lost.push({ collection, recordId })
    }
    return keys.outbox_by_record.push(key) > 0
  })
  for (const table of ['outbox_by_id', 'outbox_by_record'] as const)
    for (const key of keys[table]) await tx.remove(table, key)
  for (const entry of again) await saveEntry(tx, entry)
  for (const { position, mutation } of [...entries, ...again]) {
    const record = recordRowKey(mutation.collection, mutation.recordId)
    await tx.put('outbox_by_id', mutation.id, position)
    await tx.put('outbox_by_record', `${record}/${positionKey(position)}`, mutation.id)
  }
  return { pending: entries.length + again.length, lost }
}

/**
 * What was made on a change that is lost goes on from the one before it, as it is shown: behind one that the server never
 * hears of it would stand on nothing, and past the device's own operations as past others'. What was lost and went out, or
 * names one, stays (SM4): the server may have it.
 */
async function mendChains(tx: StoreTx): Promise<void> {
  const known = new Set<string>((await getMeta(tx, 'inFlight'))?.mutationIds)
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', ({ mutation }) => known.add(mutation.id).size > 0)
  const last = new Map<string, string>()
  const noteLast = ({ id, collection, recordId }: Mutation): void => {
    known.add(id)
    last.set(recordRowKey(collection, recordId), id)
  }
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', ({ mutations }) => {
    mutations.forEach(noteLast)
    return true
  })
  const entries: OutboxEntry[] = []
  await eachRow<OutboxEntry>(tx, 'outbox', '', (entry) => entries.push(entry) > 0)
  for (const entry of entries.filter(({ asked }) => !asked)) {
    const { mutation, sends } = entry
    const before = last.get(recordRowKey(mutation.collection, mutation.recordId))
    if (sends === 0 && mutation.after !== undefined && before !== undefined && !known.has(mutation.after))
      await saveEntry(tx, { ...entry, mutation: { ...mutation, after: before } })
    noteLast(mutation)
  }
}

/** True when the device has to be another one now: what waits takes its name. What was acknowledged stays the old one's. */
async function restoreIdentity(tx: StoreTx, { newIdentity, nowMs }: RecoveryParts): Promise<boolean> {
  // A sequence that went back would look like a copied device.
  if ((await getMeta(tx, 'reportSeq')) === null) await setMeta(tx, 'reportSeq', nowMs)
  if (await getMeta(tx, 'identity')) return false
  const identity = newIdentity()
  await setMeta(tx, 'identity', identity)
  const acknowledged: AcknowledgedEntry[] = []
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', (kept) => acknowledged.push(kept) > 0)
  for (const kept of acknowledged) await forgetAcknowledged(tx, kept)
  await setMeta(tx, 'inFlight', null)
  await forkParts.moveWork(tx, identity.deviceId)
  await doubtConflicts(tx)
  return true
}

/** Nobody here knows any more in which epoch they were told: a restore may have taken them since, and the server is asked. */
async function doubtConflicts(tx: StoreTx): Promise<void> {
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async (notice, key) => {
    await putRow(tx, 'notices', key, { ...notice, unsure: true })
    return true
  })
}

async function restoreSums(tx: StoreTx, nowMs: number): Promise<void> {
  const { last, stamps } = await recount(tx)
  await setMeta(tx, 'nextPosition', Math.max(last + 1, (await getMeta(tx, 'nextPosition')) ?? 1))
  const identity = await getMeta(tx, 'identity')
  const known = await getMeta(tx, 'hlc')
  const floor = formatHlc({ wallMs: nowMs, counter: 0, deviceId: identity?.deviceId ?? '' })
  const newest = [...stamps, known ?? floor].reduce((max, stamp) =>
    compareHlc(stamp, max) > 0 ? stamp : max,
  )
  const parsed = parseHlc(newest)
  if (parsed.ok && identity)
    await setMeta(tx, 'hlc', formatHlc({ ...parsed.value, deviceId: identity.deviceId }))
}

/**
 * The last opening went on in memory. What it sent may not be marked as sent, and must not be changed any more (SM4); a
 * sequence that went back would look like a copied device, and time is further on than any count of reports.
 */
async function countAgain(tx: StoreTx, nowMs: number): Promise<void> {
  await recount(tx)
  if ((await getMeta(tx, 'reportSeq')) !== null) return
  await setMeta(tx, 'reportSeq', nowMs)
  await eachRow<OutboxEntry>(tx, 'outbox', '', async (entry) => {
    if (entry.sends === 0) await saveEntry(tx, { ...entry, sends: 1 })
    return true
  })
}

/** The counts as the rows say. */
async function recount(tx: StoreTx): Promise<{ last: number; stamps: readonly string[] }> {
  const outbox = new Map<string, number>()
  const stamps: string[] = []
  let last = 0
  await eachRow<OutboxEntry>(tx, 'outbox', '', ({ mutation, position }) => {
    outbox.set(mutation.collection, (outbox.get(mutation.collection) ?? 0) + 1)
    last = Math.max(last, position)
    return stamps.push(mutation.hlc) > 0
  })
  let acknowledged = 0
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', ({ position, mutation }) => {
    last = Math.max(last, position)
    stamps.push(mutation.hlc)
    return ++acknowledged > 0
  })
  let refusals = 0
  await eachRow(tx, 'notices', 'refusal/', () => ++refusals > 0)
  await setMeta(tx, 'counts', { outbox: Object.fromEntries(outbox), acknowledged, refusals })
  return { last, stamps }
}

async function isWhole(tx: StoreTx, { mutationIds }: InFlight): Promise<boolean> {
  for (const id of mutationIds) if ((await tx.get('outbox_by_id', id)) === undefined) return false
  return true
}
