import { absorb, settle, startDraft, type PushDraft } from '#lib/engine/push-draft.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { OPERATION_ITEMS_MAX, PREVIEW_ITEMS_MAX, PREVIEW_SLICE } from '#lib/protocol/limits.ts'
import type { Membership, OperationRow, OperationSnapshot, OutcomeCount } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { letterMasks, type LetterMasks } from '../dead-letters/letter-masks.ts'
import { ApplicationError } from '../errors.ts'
import type { Group } from '../sync/decide-group.ts'
import type { FleetRules } from '../sync/rules.ts'
import { closeMembers, lettersFor, type Statuses } from './close-members.ts'
import type { Fate, Later } from './fate.ts'
import {
  NOT_ASKED,
  prepareMembers,
  RulesChanged,
  runMembers,
  type Member,
  type RunOrder,
} from './run-members.ts'

export interface Prediction {
  readonly ordinal: number
  readonly letterId: string
  readonly behind: string | null
  readonly outcome: Fate['outcome'] | Later['outcome']
  readonly code: string | null
  readonly detail: string | null
  readonly path: string | null
}

export interface Predicted {
  readonly matched: number
  readonly total: number
  /** The first PREVIEW_ITEMS_MAX of them, in the order in which they would run. */
  readonly items: readonly Prediction[]
  /** A collection's authority is asked only when a letter runs: this is what follows where it accepts. */
  readonly assumesAuthority: boolean
}

/** Members by a filter, or those of an operation that have no fate yet. */
export type PredictedSource =
  | { readonly membership: Membership }
  | { readonly operation: Pick<OperationRow, 'id' | 'matched' | 'total'> }

const RULES_RELOADS_MAX = 3

/**
 * A dry run: what would become of each member, by the engine that would decide it, over one look at the database that locks
 * nothing and writes nothing, each on the outcomes of those before it (DL13).
 * @throws ApplicationError `shed` while the collections keep changing
 */
export async function predict(
  ctx: Context,
  fleetId: string,
  order: RunOrder,
  source: PredictedSource,
  sliceSize: number = PREVIEW_SLICE,
): Promise<Predicted> {
  return overSnapshot(ctx, fleetId, (snapshot, known) => look(ctx, snapshot, order, known, source, sliceSize))
}

/**
 * One look at the database for a dry run, by the collections as they are published now.
 * @throws ApplicationError `shed` while the collections keep changing
 */
export async function overSnapshot<T>(
  ctx: Context,
  fleetId: string,
  work: (snapshot: OperationSnapshot, known: Known) => Promise<T>,
): Promise<T> {
  let rules = await ctx.groupCommit.rules.get(fleetId)
  const masks = await letterMasks(ctx, fleetId)
  for (let reload = 0; reload <= RULES_RELOADS_MAX; reload++) {
    try {
      const known = { ...withoutAuthority(rules), masks }
      return await ctx.storage.operations.look(fleetId, (snapshot) => work(snapshot, known))
    } catch (error) {
      if (!(error instanceof RulesChanged)) throw error
      rules = await ctx.groupCommit.rules.reload(fleetId)
    }
  }
  throw new ApplicationError('shed', { detail: 'the collections are changing', retryAfterMs: 1_000 })
}

/** Nobody is asked in a dry run: to ask would leave a trace with the fleet's backend. */
function withoutAuthority(rules: FleetRules): Omit<Known, 'masks'> {
  const free = ([name, one]: [string, CollectionRules]) => [name, { ...one, hasAuthority: false }] as const
  return {
    ...rules,
    asksAuthority: rules.authorities.size > 0,
    asked: new Set(rules.authorities.keys()),
    authorities: new Map(),
    collections: new Map([...rules.collections].map(free)),
  }
}

/** What is read of a fleet before its snapshot is. */
export interface Known extends FleetRules {
  readonly asksAuthority: boolean
  /** Collections whose authority would be asked. */
  readonly asked: ReadonlySet<string>
  readonly masks: LetterMasks
}

async function look(
  ctx: Context,
  snapshot: OperationSnapshot,
  order: RunOrder,
  rules: Known,
  source: PredictedSource,
  sliceSize: number,
): Promise<Predicted> {
  const members =
    'membership' in source ? await snapshot.members(source.membership, OPERATION_ITEMS_MAX) : null
  const { matched, total } =
    'operation' in source
      ? source.operation
      : { matched: members?.matched ?? 0, total: members?.items.length ?? 0 }
  const items: Prediction[] = []
  const run = order.kind === 'replay' || order.kind === 'edit' ? startReplays() : startCloses()
  while (items.length < PREVIEW_ITEMS_MAX) {
    const limit = Math.min(sliceSize, PREVIEW_ITEMS_MAX - items.length)
    const slice = members
      ? members.items.slice(items.length, items.length + limit)
      : await snapshot.pending(
          'operation' in source ? source.operation.id : '',
          items.at(-1)?.ordinal ?? 0,
          limit,
        )
    if (slice.length === 0) break
    items.push(...(await run({ ctx, snapshot, order, rules, slice })))
  }
  return { matched, total, items, assumesAuthority: rules.asksAuthority }
}

interface Slice {
  readonly ctx: Context
  readonly snapshot: OperationSnapshot
  readonly order: RunOrder
  readonly rules: Known
  readonly slice: readonly Member[]
}

/** What each slice does is laid over what is loaded for the next. */
function startReplays(): (slice: Slice) => Promise<readonly Prediction[]> {
  let before: PushDraft | null = null
  return async ({ ctx, snapshot, order, rules, slice }) => {
    const letters = await snapshot.letters(slice.map(({ letterId }) => letterId))
    const prepared = prepareMembers(ctx, order, { rules, masks: rules.masks }, slice, letters, NOT_ASKED)
    let draft: PushDraft | null = null
    const lay = (group: Group): Group => {
      draft = { ...(before ?? startDraft(group.world)), world: group.world }
      return { ...group, world: settle(draft) }
    }
    const options = { masks: rules.masks, lay, goesOn: true, nowMs: ctx.clock.now() }
    const { group, ran } = await runMembers(ctx, rules, prepared, (plan) => snapshot.load(plan), options)
    before = after(draft, group)
    return ran.map(predictionOf)
  }
}

function after(draft: PushDraft | null, group: Group): PushDraft | null {
  if (!draft) return null
  for (const change of group.writes.changes) absorb(draft, change)
  return draft
}

function startCloses(): (slice: Slice) => Promise<readonly Prediction[]> {
  const changed = new Map<string, 'discarded' | 'open'>()
  return async ({ ctx, snapshot, order, slice }) => {
    const letters = await snapshot.letters(lettersFor(slice))
    const kind = order.kind === 'restore' ? 'restore' : 'discard'
    const fates = closeMembers(kind, slice, letters, changed as Statuses, ctx.clock.now())
    for (const { member, fate } of fates) {
      if (fate.outcome === 'discarded') changed.set(member.letterId, 'discarded')
      if (fate.outcome === 'restored') changed.set(member.letterId, 'open')
    }
    return fates.map(predictionOf)
  }
}

export const predictionOf = ({
  member: { ordinal, letterId, behind },
  fate,
}: {
  readonly member: Member
  readonly fate: Fate | Later
}): Prediction => ({
  ordinal,
  letterId,
  behind,
  outcome: fate.outcome,
  code: fate.code,
  detail: 'detail' in fate ? fate.detail : null,
  path: 'path' in fate ? fate.path : null,
})

/** How many of each outcome and code, most first. Pure. */
export function countPredictions(items: readonly Prediction[]): readonly OutcomeCount[] {
  const counts = new Map<string, OutcomeCount>()
  for (const { outcome, code } of items) {
    const key = `${outcome} ${code ?? ''}`
    counts.set(key, { outcome, code, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.outcome < b.outcome ? -1 : 1))
}
