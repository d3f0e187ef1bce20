import {
  afterEvent,
  batchSize,
  failureVerdict,
  isEnded,
  OUTCOME_STATES,
  stageAt,
  type OperationEvent,
} from '#lib/engine/operation-machine.ts'
import { OPERATION_WAITS_MAX } from '#lib/protocol/limits.ts'
import type {
  AuditEntry,
  DeadLetterRow,
  OperationPause,
  OperationRow,
  OperationTx,
  PushWrites,
  SettledItem,
} from '#lib/storage/ports.ts'
import { auditEntry, SYSTEM } from '../access/audit-entry.ts'
import { collectionScope, ENGINE_SCOPE, fleetScope } from '../breakers/scopes.ts'
import type { Actor, Context } from '../context.ts'
import { letterMasks, type LetterMasks } from '../dead-letters/letter-masks.ts'
import { tellClosed } from '../dead-letters/tell-closed.ts'
import { takeWrites } from '../sync/decide-group.ts'
import type { FleetRules } from '../sync/rules.ts'
import { askAhead } from './ask-ahead.ts'
import { closeMembers, lettersFor } from './close-members.ts'
import { fate, type Fate, type Later } from './fate.ts'
import { restorableSinceMs, takesPoison } from './membership.ts'
import { collectionsOf, decideMembers, NO_RULINGS, ruleAhead, type Rulings } from './rule-members.ts'
import { closes, NOT_ASKED, prepareMembers, RulesChanged, runMembers, type Asked } from './run-members.ts'

/** How one transaction left an operation: when to look at it again, or null where nothing is left to do. */
export interface BatchEnd {
  readonly againInMs: number | null
  /** Members that got their fate. */
  readonly settled: number
}

/** Another process works on it: it has not long to wait. */
const HELD_ELSEWHERE_MS = 40
/** Between stages, so that somebody who looks on can stop it. */
const STAGE_WAIT_MS = 1_000
const WAIT_MIN_MS = 500
const WAIT_MAX_MS = 60_000

/** What devices and this process hear of once it is committed. */
interface Told {
  readonly written: readonly PushWrites[]
  readonly replayed: readonly DeadLetterRow[]
  readonly discarded: readonly DeadLetterRow[]
}
type Batch = BatchEnd & { readonly told: Told }
const NOTHING: Told = { written: [], replayed: [], discarded: [] }

/**
 * Runs the next members of an operation, their effects and their accounting in one transaction, which holds the operation
 * against other processes (DL14, DL17).
 * @param most members at most: one alone, where one of several may have made the turn before fail
 * @throws what the storage says, with nothing done
 */
export async function runBatch(
  ctx: Context,
  fleetId: string,
  id: string,
  most = Infinity,
): Promise<BatchEnd> {
  const rules = await ctx.groupCommit.rules.get(fleetId)
  const masks = await letterMasks(ctx, fleetId)
  const row = await ctx.storage.operations.get(fleetId, id)
  const isRuled = row?.kind === 'resolve'
  const asked = row && !isRuled ? await askAhead(ctx, row, rules, masks) : NOT_ASKED
  const known = { rules, asked, masks, rulings: isRuled ? await ruleAhead(ctx, row, rules) : NO_RULINGS }
  try {
    const batch = await ctx.storage.operations.hold(fleetId, id, (tx) => run(ctx, tx, known, most))
    if (!batch) return { againInMs: await whenPassedOver(ctx, fleetId, id), settled: 0 }
    const { told, ...end } = batch
    await ctx.groupCommit.committed(fleetId, told.written)
    await tellClosed(ctx, fleetId, 'replayed', told.replayed)
    await tellClosed(ctx, fleetId, 'discarded', told.discarded)
    return end
  } catch (error) {
    if (!(error instanceof RulesChanged)) throw error
    await ctx.groupCommit.rules.reload(fleetId)
    return { againInMs: 0, settled: 0 }
  }
}

/** It is held by another process, or stands still by now. */
async function whenPassedOver(ctx: Context, fleetId: string, id: string): Promise<number | null> {
  const row = await ctx.storage.operations.get(fleetId, id)
  return row?.state === 'running' || row?.state === 'cancelling' ? HELD_ELSEWHERE_MS : null
}

/** What is read of a fleet before its operation is held. */
interface Known {
  readonly rules: FleetRules
  readonly asked: Asked
  readonly masks: LetterMasks
  readonly rulings: Rulings
}

async function run(ctx: Context, tx: OperationTx, known: Known, most: number): Promise<Batch> {
  const { row, nowMs } = tx
  if (row.state === 'cancelling') {
    const skipped = await tx.skipRest('cancelled', null)
    return end(ctx, tx, { ...row, skipped: row.skipped + skipped }, 'end', skipped)
  }
  if (nowMs < row.nextAtMs) return { againInMs: row.nextAtMs - nowMs, settled: 0, told: NOTHING }
  const members = await tx.next(Math.min(most, batchSize(row.ratePerSecond, settledOf(row))))
  if (members.length === 0) return end(ctx, tx, row, 'finish', 0)
  if (row.kind === 'resolve') return resolveNext(ctx, tx, known, members)
  return row.kind === 'replay' || row.kind === 'edit'
    ? replayNext(ctx, tx, known, members)
    : closeNext(ctx, tx, members)
}

/** Conflicts that a rule was asked about ahead; where another process was faster there may be none. */
async function resolveNext(
  ctx: Context,
  tx: OperationTx,
  { rules, rulings }: Known,
  members: Next,
): Promise<Batch> {
  const known = members.filter(({ letterId }) => rulings.has(letterId))
  if (known.length === 0) return { againInMs: HELD_ELSEWHERE_MS, settled: 0, told: NOTHING }
  const stands = haltedByBreaker(ctx, tx, collectionsOf(known, rulings))
  if (stands !== null) return stands
  const { group, fates } = await decideMembers(ctx, rules, known, rulings, (plan) => tx.push.load(plan))
  const writes = takeWrites(group)
  if (writes) await tx.push.write(writes)
  const step = await settleFates(ctx, tx, fates, [])
  return { ...step, told: { ...NOTHING, written: writes ? [writes] : [] } }
}

const settledOf = ({ done, skipped, errored }: OperationRow): number => done + skipped + errored

type Next = Awaited<ReturnType<OperationTx['next']>>

async function replayNext(
  ctx: Context,
  tx: OperationTx,
  { rules, asked, masks }: Known,
  members: Next,
): Promise<Batch> {
  const { row } = tx
  const letters = await tx.letters(members.map(({ letterId }) => letterId))
  const collections = [...letters.values()].map(({ letter }) => letter.mutation.collection)
  const stands = haltedByBreaker(ctx, tx, collections)
  if (stands !== null) return stands
  const prepared = prepareMembers(ctx, row, { rules, masks }, members, letters, asked)
  const { group, ran } = await runMembers(ctx, rules, prepared, (plan) => tx.push.load(plan), {
    masks,
    nowMs: ctx.clock.now(),
  })
  const writes = takeWrites(group)
  if (writes) await tx.push.write(writes)
  const fates = ran.map(({ member, fate }) => ({ member, fate }))
  const closed = ran.flatMap((one) => (one.letter && closes(one) ? [one.letter] : []))
  const step = await settleFates(ctx, tx, fates, closed)
  return { ...step, told: { ...NOTHING, written: writes ? [writes] : [], replayed: closed } }
}

/** It stands still where a breaker is open; null where none is. */
function haltedByBreaker(
  ctx: Context,
  tx: OperationTx,
  collections: readonly string[],
): Promise<Batch> | null {
  const shut = shutScope(ctx, tx.row.fleetId, collections)
  if (shut === null) return null
  return halt(ctx, tx, { by: 'breaker', detail: `the breaker ${shut} is open`, atMs: tx.nowMs })
}

/** Breakers of this process that would keep a push out; null for none. */
function shutScope(ctx: Context, fleetId: string, collections: readonly string[]): string | null {
  const scopes = [
    ENGINE_SCOPE,
    fleetScope(fleetId),
    ...new Set(collections.map((name) => collectionScope(fleetId, name))),
  ]
  return scopes.find((scope) => ctx.breakers.refusal(scope) !== null) ?? null
}

async function closeNext(ctx: Context, tx: OperationTx, members: Next): Promise<Batch> {
  const { row, nowMs } = tx
  const letters = await tx.letters(lettersFor(members))
  const kind = row.kind === 'restore' ? 'restore' : 'discard'
  const planned = closeMembers(kind, members, letters, new Map(), nowMs)
  const wanted = planned
    .filter(({ fate }) => OUTCOME_STATES[fate.outcome] === 'done')
    .map(({ member }) => member)
  const changed =
    kind === 'restore'
      ? await tx.restore(
          wanted.map(({ letterId }) => letterId),
          restorableSinceMs(nowMs),
        )
      : await tx.discard(
          wanted.map(({ letterId, behind }) => ({ id: letterId, behind })),
          nowMs,
        )
  // Somebody may have been at one of them since it was read.
  const fates = planned.map(({ member, fate: planned }) =>
    OUTCOME_STATES[planned.outcome] === 'done' && !changed.has(member.letterId)
      ? { member, fate: fate('closed', 'not_open', 'somebody changed it meanwhile') }
      : { member, fate: planned },
  )
  const touched = wanted.filter(({ letterId }) => changed.has(letterId))
  const audit = touched.map(({ letterId }) => memberAudit(ctx, row, letterId))
  const step = await settleFates(ctx, tx, fates, [], audit)
  const discarded =
    kind === 'restore' ? [] : touched.flatMap(({ letterId }) => letters.get(letterId)?.letter ?? [])
  return { ...step, told: { ...NOTHING, discarded } }
}

function memberAudit(ctx: Context, row: OperationRow, letterId: string): AuditEntry {
  const actor: Actor = { ...row.actor, roles: {} }
  return auditEntry(ctx, actor, {
    action: `dead-letter.${row.kind}`,
    target: letterId,
    fleetId: row.fleetId,
    reason: `operation ${row.id}: ${row.reason}`,
  })
}

interface Decided {
  readonly member: Pick<Next[number], 'ordinal'>
  readonly fate: Fate | Later
}

/** Writes what became of members, and what that means for the operation. */
async function settleFates(
  ctx: Context,
  tx: OperationTx,
  fates: readonly Decided[],
  closed: readonly DeadLetterRow[],
  audit: readonly AuditEntry[] = [],
): Promise<BatchEnd> {
  const { row, nowMs } = tx
  const { items, waitsMs } = itemsOf(row, fates)
  const counted = count(row, items, waitsMs)
  const paceMs = Math.ceil((Math.max(1, items.length) * 1_000) / row.ratePerSecond)
  const isStageEnd = stageAt(settledOf(counted)).stage > stageAt(settledOf(row)).stage
  const waitMs = Math.max(paceMs, waitsMs ?? 0, isStageEnd ? STAGE_WAIT_MS : 0)
  const paced = { ...counted, nextAtMs: nowMs + waitMs }
  const verdict = failureVerdict(paced, settledOf(paced))
  const isLast = settledOf(paced) === paced.total
  const pause = verdict && !isLast ? failurePause(verdict, paced, nowMs) : null
  const next = pause ? { ...paced, ...turned(paced, 'halt'), pause } : paced
  const told = pause ? [pauseAudit(ctx, row, pause)] : []
  await tx.settle({
    items,
    row: next,
    settledMutationIds: closed.map(({ mutation }) => mutation.id),
    withPoison: takesPoison(row.conditions),
    audit: [...audit, ...told],
  })
  return { againInMs: pause ? null : waitMs, settled: items.length }
}

/** Those with a lasting answer; one without keeps its place, until it had none too often. */
function itemsOf(
  row: OperationRow,
  fates: readonly Decided[],
): { readonly items: readonly SettledItem[]; readonly waitsMs: number | null } {
  const items: SettledItem[] = []
  for (const { member, fate: one } of fates) {
    const { ordinal } = member
    if (one.outcome !== 'later') {
      items.push({ ...one, ordinal, outcome: one.outcome })
      continue
    }
    const waits = items.length === 0 ? row.waits : 0
    if (waits + 1 < OPERATION_WAITS_MAX)
      return { items, waitsMs: Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS * 2 ** waits, one.retryAfterMs)) }
    items.push({ ...fate('no_answer', one.code, 'it got no lasting answer'), ordinal })
    break
  }
  return { items, waitsMs: null }
}

function count(row: OperationRow, items: readonly SettledItem[], waitsMs: number | null): OperationRow {
  const of = (state: 'done' | 'skipped' | 'errored'): number =>
    items.filter(({ outcome }) => OUTCOME_STATES[outcome] === state).length
  return {
    ...row,
    done: row.done + of('done'),
    skipped: row.skipped + of('skipped'),
    errored: row.errored + of('errored'),
    runDone: row.runDone + of('done'),
    runErrored: row.runErrored + of('errored'),
    waits: waitsMs === null ? 0 : (items.length === 0 ? row.waits : 0) + 1,
  }
}

function failurePause(by: 'failures' | 'stage', row: OperationRow, atMs: number): OperationPause {
  const what = row.kind === 'resolve' ? 'conflict' : 'letter'
  const detail =
    by === 'stage'
      ? `every ${what} of its first stages failed`
      : `${row.runErrored} of ${row.runDone + row.runErrored} ${what}s failed`
  return { by, detail, atMs }
}

async function halt(ctx: Context, tx: OperationTx, pause: OperationPause): Promise<Batch> {
  const { row } = tx
  const next = { ...row, ...turned(row, 'halt'), pause }
  await tx.settle({
    items: [],
    row: next,
    settledMutationIds: [],
    withPoison: false,
    audit: [pauseAudit(ctx, row, pause)],
  })
  return { againInMs: null, settled: 0, told: NOTHING }
}

const pauseAudit = (ctx: Context, row: OperationRow, { by, detail }: OperationPause): AuditEntry =>
  auditEntry(ctx, SYSTEM, {
    action: 'operation.pause',
    target: row.id,
    fleetId: row.fleetId,
    reason: detail,
    after: { state: 'paused', by },
  })

async function end(
  ctx: Context,
  tx: OperationTx,
  row: OperationRow,
  event: 'finish' | 'end',
  settled: number,
): Promise<Batch> {
  const next = { ...row, ...turned(row, event), pause: null, endedAtMs: tx.nowMs }
  const { done, skipped, errored, total } = next
  const audit = auditEntry(ctx, SYSTEM, {
    action: event === 'finish' ? 'operation.complete' : 'operation.cancelled',
    target: row.id,
    fleetId: row.fleetId,
    after: { done, skipped, errored, total },
  })
  await tx.settle({ items: [], row: next, settledMutationIds: [], withPoison: false, audit: [audit] })
  return { againInMs: null, settled, told: NOTHING }
}

/** The state after an event that the row is known to take. */
export function turned(row: OperationRow, event: OperationEvent): Pick<OperationRow, 'state' | 'version'> {
  const state = afterEvent(row.state, event)
  if (state === null) throw new Error(`assertion failed: ${row.state} takes ${event}`)
  return { state, version: row.version + 1 }
}

/**
 * Passes over the next conflict of a rule, which fails for no reason of its own or of the storage: each is a decision of its
 * own, and the others have their turn (CS11). False for any other operation.
 */
export async function passOver(ctx: Context, fleetId: string, id: string): Promise<boolean> {
  const passed = await ctx.storage.operations.hold(fleetId, id, async (tx) => {
    if (tx.row.kind !== 'resolve' || tx.row.state !== 'running') return false
    const fates = (await tx.next(1)).map((member) => ({ member, fate: fate('no_answer', 'internal') }))
    if (fates.length > 0) await settleFates(ctx, tx, fates, [])
    return fates.length > 0
  })
  return passed ?? false
}

/** What an operation that cannot go on leaves: it has failed, with what was left passed over. */
export async function breakOff(ctx: Context, fleetId: string, id: string, detail: string): Promise<void> {
  await ctx.storage.operations.hold(fleetId, id, async (tx) => {
    const { row } = tx
    if (row.state !== 'running' || isEnded(row.state)) return
    const skipped = await tx.skipRest('cancelled', 'operation_failed')
    const next = { ...row, ...turned(row, 'break'), skipped: row.skipped + skipped, endedAtMs: tx.nowMs }
    const audit = auditEntry(ctx, SYSTEM, { action: 'operation.fail', target: id, fleetId, reason: detail })
    await tx.settle({ items: [], row: next, settledMutationIds: [], withPoison: false, audit: [audit] })
  })
}
