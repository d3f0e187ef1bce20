import type { EffectiveResult, MutationResult, PushResponse } from '#lib/protocol/push.ts'
import { clampRetryAfter } from '#lib/engine/backoff.ts'
import { unreachable } from '#lib/kernel/result.ts'
import { forkParts, otParts } from './on-demand.ts'
import { receiveStamps } from './device-clock.ts'
import type { Removal } from './notices.ts'
import { removalKey } from './notices.ts'
import { acknowledge, findEntries, heldBack, putLetsBe, saveEntry } from './outbox.ts'
import { dropOrphan, storeOwnWrite, storeRecord } from './records.ts'
import type { StoreTx } from './store.ts'
import type { LocalRefusal, OutboxEntry } from './tables.ts'
import { markOf, putRow, setMeta } from './tables.ts'

/** A server that says "again" without saying when must not be asked in a loop. */
const RETRY_AFTER_MIN_MS = 1_000
/** Of what a push had no room for: with each that is sent some of it is taken. */
const PUSH_FULL_MIN_MS = 100

export interface PushTally {
  /** Left the queue: the server has them. */
  readonly acknowledged: number
  readonly conflicts: number
  readonly deadLettered: number
  readonly refusals: readonly LocalRefusal[]
}

type Duplicate = Extract<MutationResult, { status: 'duplicate' }>

/** What the results of one push share. */
export interface PushContext {
  readonly deviceId: string
  readonly nowMs: number
  readonly restamped: Set<string>
  readonly refusals: LocalRefusal[]
  /** What had its effect under another id of this device. */
  readonly elsewhere: [entry: OutboxEntry, under: string, hlc: string | undefined][]
}

/** Gives each mutation of an answered push its fate, in the caller's transaction. */
export async function applyPushResults(
  tx: StoreTx,
  response: PushResponse,
  deviceId: string,
  nowMs: number,
): Promise<PushTally> {
  const context: PushContext = { deviceId, nowMs, restamped: new Set(), refusals: [], elsewhere: [] }
  const tally = { acknowledged: 0, conflicts: 0, deadLettered: 0 }
  await receiveStamps(tx, deviceId, [response.serverHlc], nowMs)
  for (const result of response.results) {
    // A dependent may have been set aside with its parent just before.
    const [entry] = await findEntries(tx, [result.id])
    if (!entry) continue
    const effect = await settle(tx, context, entry, result)
    // What was only asked about was counted when it left the queue.
    if (!effect || entry.asked) continue
    tally.acknowledged += 1
    if (effect === 'dead_lettered') tally.deadLettered += 1
    else if (effect !== 'applied') tally.conflicts += 1
  }
  for (const each of context.elsewhere) await forkParts().countedElsewhere(tx, context, ...each)
  await setMeta(tx, 'inFlight', null)
  return { ...tally, refusals: context.refusals }
}

/** The status that the mutation left the queue with, or null when it stays, or went aside. */
async function settle(
  tx: StoreTx,
  context: PushContext,
  entry: OutboxEntry,
  result: MutationResult,
): Promise<EffectiveResult['status'] | null> {
  switch (result.status) {
    case 'applied':
    case 'merged':
    case 'superseded':
    case 'conflict':
    case 'dead_lettered':
      await take(tx, context, entry, result)
      return result.status
    case 'duplicate': {
      const { under, hlc } = result
      if (under !== undefined) context.elsewhere.push([entry, under, hlc])
      const rest = hlc === undefined ? null : await forkParts().sendRest(tx, entry, hlc, context.nowMs)
      if (rest === 'sent') return null
      if (rest) context.refusals.push(rest)
      await take(tx, context, entry, result.original, result)
      return result.original.status
    }
    case 'retry':
    case 'shed':
      await saveEntry(tx, heldBack(entry, context.nowMs, waitOf(result)))
      return null
    case 'refused':
      await forkParts().refuse(tx, context, entry, result)
      return null
    case 'not_applied':
      return null
  }
  return unreachable(result)
}

async function take(
  tx: StoreTx,
  context: PushContext,
  entry: OutboxEntry,
  result: EffectiveResult,
  repeat?: Duplicate,
): Promise<void> {
  const { mutation } = entry
  const { deviceId, nowMs } = context
  const { version }: { readonly id: string; readonly version?: number } = result
  const kept = await acknowledge(tx, entry, nowMs, repeat?.under, version)
  // Of one under another id only a pull can tell what it made of the record. What a restored server has had all along was
  // read anew before this push (SM5), and may have been deleted since.
  const isNews = !(repeat && (entry.sends === entry.readBefore || repeat.under))
  if (result.status === 'applied') {
    if (isNews) await storeOwnWrite(tx, entry, result, deviceId)
    else if (repeat?.under && mutation.op.type === 'ot')
      await otParts().settle(tx, mutation, result, deviceId, { record: null, own: [] })
  }
  if ('record' in result && result.record && isNews)
    await storeRecord(tx, result.record, await markOf(tx, mutation.collection), true)
  if (result.status === 'conflict') {
    // What is told again may have been decided since, or before a restored server was backed up.
    await forkParts().noteConflict(
      tx,
      result.conflictId,
      { ...kept, mutation },
      result.record,
      repeat !== undefined,
    )
  } else if (result.status === 'dead_lettered')
    await forkParts().noteDeadLetter(tx, result, kept.mutation, nowMs, repeat?.letterClosed)
  else if (entry.acknowledged ?? mutation.resolves) await forkParts().closeTold(tx, mutation)
  const { collection, recordId, op } = mutation
  await dropOrphan(tx, collection, recordId)
  if (op.type === 'delete' && version !== undefined && (await putLetsBe(tx, collection))) {
    const removal: Removal = { position: kept.position, version }
    await putRow(tx, 'notices', removalKey(collection, recordId), removal)
  }
}

const waitOf = ({ code, retryAfterMs }: { readonly code?: string; readonly retryAfterMs: number }): number =>
  clampRetryAfter(Math.max(retryAfterMs, code === 'push_full' ? PUSH_FULL_MIN_MS : RETRY_AFTER_MIN_MS))
