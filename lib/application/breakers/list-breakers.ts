import type { BreakerSettings } from '#lib/engine/breaker/breaker.ts'
import { isForced } from '#lib/engine/breaker/breaker.ts'
import type { Override, OverridePhase } from '#lib/engine/breaker/override.ts'
import { holdingAt, liveAt, phaseOf } from '#lib/engine/breaker/override.ts'
import { SCOPES_TOLD_MAX } from '#lib/protocol/limits.ts'
import type { SeenProcess, StoredControl } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { BreakerSnapshot } from './breakers.ts'
import type { Scope } from './scopes.ts'
import { ENGINE_SCOPE, collectionScope, fleetOfScope, fleetScope } from './scopes.ts'

export type ShownOverride = Override & { readonly phase: OverridePhase }

/** How a process stands to what was said last: it runs it, not yet, or hasn't told anything lately. */
export type ProcessStanding = 'applied' | 'behind' | 'stale'
/** A process that tells each second that it lives, and hasn't for so long, is stopped, cut off, or gone. */
export const STALE_AFTER_MS = 3_000

/** A breaker as the process that was asked sees it: each has its own (BR6). What people said is the same for all. */
export type ShownBreaker = BreakerSnapshot & {
  readonly process: string
  readonly settings: BreakerSettings
  /** 0 where nobody ever said anything of it. */
  readonly version: number
  readonly overrides: readonly ShownOverride[]
  /** The wider scope that is forced open, so that this one's own state lets nobody in. */
  readonly overruledBy: Scope | null
  readonly processes: { readonly live: number; readonly applied: number; readonly notClosed: number }
  /** The last 60 s of all processes that live, by their own word: calls that were let in, and those that were shed. */
  readonly minute: {
    readonly calls: number
    readonly failures: number
    readonly shed: number
    /** A process that has more scopes than it tells of may have had more. */
    readonly isPart: boolean
  }
}

export type BreakersContext = Pick<
  Context,
  'storage' | 'breakers' | 'journal' | 'processId' | 'overrides' | 'clock'
>
interface ListInput {
  readonly actor: Actor
  readonly fleetId: string
}

/**
 * The breakers that a fleet's devices meet, by scope: the engine's, the fleet's, one a collection, and those of backends
 * and app versions that were called or commanded. A scope that saw no call is closed. @throws ApplicationError `not_found`
 */
export async function listBreakers(ctx: BreakersContext, input: ListInput): Promise<readonly ShownBreaker[]> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'viewer')
  return readBreakers(ctx, fleetId)
}

/** The same, for who is known to be allowed. */
export async function readBreakers(ctx: BreakersContext, fleetId: string): Promise<readonly ShownBreaker[]> {
  const [collections, processes] = await Promise.all([
    ctx.storage.collections.list(fleetId),
    ctx.storage.breakers.processes(),
  ])
  const isOfFleet = (scope: string): boolean => scope === ENGINE_SCOPE || fleetOfScope(scope) === fleetId
  const always = [
    ENGINE_SCOPE,
    fleetScope(fleetId),
    ...collections.map(({ name }) => collectionScope(fleetId, name)),
    ...processes.flatMap(({ scopes }) => Object.keys(scopes).filter(isOfFleet) as Scope[]),
    ...ctx.overrides.list(isOfFleet).map(({ scope }) => scope as Scope),
  ]
  const shown = new Map(always.map((scope) => [scope, untouched(scope)]))
  for (const breaker of ctx.breakers.list(isOfFleet)) shown.set(breaker.scope, breaker)
  return [...shown.values()].map((snapshot) => shownBreaker(ctx, snapshot, processes))
}

function shownBreaker(
  ctx: BreakersContext,
  snapshot: BreakerSnapshot,
  processes: readonly SeenProcess[],
): ShownBreaker {
  const { scope } = snapshot
  const nowMs = ctx.clock.now()
  const control = ctx.overrides.of(scope)
  const standings = processes.map(
    (process) => [process, standingOn(scope, process, processes, control, nowMs)] as const,
  )
  const live = standings.filter(([, standing]) => standing !== 'stale')
  return {
    process: ctx.processId,
    ...snapshot,
    settings: ctx.breakers.settingsOf(scope),
    version: control?.version ?? 0,
    overrides: liveAt(control?.overrides ?? [], nowMs).map((one) => ({ ...one, phase: phaseOf(one, nowMs) })),
    overruledBy: widerForcedOpen(ctx, scope, nowMs),
    processes: {
      live: live.length,
      applied: live.filter(([, standing]) => standing === 'applied').length,
      notClosed: live.filter(([{ scopes }]) => (scopes[scope]?.state ?? 'closed') !== 'closed').length,
    },
    minute: minuteOf(
      ctx,
      live.map(([process]) => process),
      scope,
    ),
  }
}

/** Of this process what it counted itself. */
function minuteOf(
  { journal, clock, processId }: BreakersContext,
  live: readonly SeenProcess[],
  scope: Scope,
): ShownBreaker['minute'] {
  const others = live.filter(({ id }) => id !== processId)
  const own = journal.minute(scope, clock.now())
  const told = [...others.flatMap(({ scopes }) => scopes[scope] ?? []), ...(own ? [own] : [])]
  const sum = (key: 'calls' | 'failures' | 'shed'): number => told.reduce((total, one) => total + one[key], 0)
  const isPart =
    !journal.counts(scope) || others.some((one) => one.scopes[scope] === undefined && !toldAll(one))
  return { calls: sum('calls'), failures: sum('failures'), shed: sum('shed'), isPart }
}

const toldAll = ({ scopes }: SeenProcess): boolean => Object.keys(scopes).length < SCOPES_TOLD_MAX

/** The newest word of any process is the storage's now, near enough: no clock of ours is asked. */
export function standingOf(
  { revision, seenAtMs }: SeenProcess,
  all: readonly SeenProcess[],
  needed: number,
): ProcessStanding {
  const newestMs = all.reduce((newest, one) => Math.max(newest, one.seenAtMs), 0)
  if (newestMs - seenAtMs > STALE_AFTER_MS) return 'stale'
  return revision >= needed ? 'applied' : 'behind'
}

/** How a process stands to what holds one scope: it runs what was said last, and its breaker is in that state. */
export function standingOn(
  scope: Scope,
  process: SeenProcess,
  all: readonly SeenProcess[],
  control: StoredControl | null,
  nowMs: number,
): ProcessStanding {
  const standing = standingOf(process, all, control?.revision ?? 0)
  if (standing !== 'applied' || control === null) return standing
  const told = process.scopes[scope]
  if (told === undefined && !toldAll(process)) return standing
  const state = told?.state ?? 'closed'
  const holds = isForced(state) ? state : null
  return holds === (holdingAt(control.overrides, nowMs)?.kind ?? null) ? standing : 'behind'
}

/** Forced open beats whatever a narrower scope says (BR4). */
function widerForcedOpen(ctx: BreakersContext, scope: Scope, nowMs: number): Scope | null {
  const fleetId = fleetOfScope(scope)
  const wider =
    scope === ENGINE_SCOPE
      ? []
      : fleetId === null || scope === fleetScope(fleetId)
        ? [ENGINE_SCOPE]
        : [ENGINE_SCOPE, fleetScope(fleetId)]
  const isForced = (one: Scope): boolean =>
    holdingAt(ctx.overrides.of(one)?.overrides ?? [], nowMs)?.kind === 'forced_open'
  return wider.find(isForced) ?? null
}

/** @throws ApplicationError `not_found` */
export async function getBreaker(
  ctx: BreakersContext,
  input: ListInput & { readonly scope: string },
): Promise<ShownBreaker> {
  const found = (await listBreakers(ctx, input)).find(({ scope }) => scope === input.scope)
  if (!found) throw new ApplicationError('not_found')
  return found
}

const untouched = (scope: Scope): BreakerSnapshot => ({
  scope,
  state: 'closed',
  retryAfterMs: 0,
  window: [],
  trips: [],
})
