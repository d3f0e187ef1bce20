import { z } from 'zod'
import type { ForcedKind } from '#lib/engine/breaker/breaker.ts'
import { mergedSeconds } from '#lib/engine/breaker/what-if.ts'
import type {
  Applied,
  AuditEntry,
  BreakerTransition,
  CountedSecond,
  SeenProcess,
  StoredControl,
} from '#lib/storage/ports.ts'
import { canSee } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { instant } from '../page.ts'
import type { Affected } from './affected.ts'
import { affectedBy } from './affected.ts'
import type { ProcessStanding, ShownBreaker } from './list-breakers.ts'
import { getBreaker, standingOn } from './list-breakers.ts'
import type { Scope } from './scopes.ts'
import { secondPersonKinds } from './second-person.ts'

/** What is shown of a moment: the window before what is drawn, and what came after. */
const SECONDS_BEFORE_MS = 150_000
const SECONDS_AFTER_MS = 50_000

export const breakerDetailQuery = z.strictObject({ at: instant.optional() })
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const CHANGES_MAX = 100
const HISTORY_MAX = 50

export interface ShownProcess extends Omit<SeenProcess, 'scopes' | 'applied'> {
  readonly standing: ProcessStanding
  /**
   * From the save of what was said last to this process's word that it runs it, by the storage's clock; null before that,
   * and of one that began later or has run many others since.
   */
  readonly tookMs: number | null
  readonly state: string
  readonly calls: number
  readonly failures: number
  readonly shed: number
}

/** All about one breaker. */
export interface BreakerDetail extends Omit<ShownBreaker, 'processes'> {
  readonly changedAtMs: number | null
  readonly processes: readonly ShownProcess[]
  readonly affected: Affected
  /** Kinds of override that need a second person here. */
  readonly secondPersonFor: readonly ForcedKind[]
  /** Of all processes: the minutes around the moment that was asked for, or those up to now. */
  readonly seconds: readonly CountedSecond[]
  /** Of the last day, newest first. */
  readonly changes: readonly BreakerTransition[]
  /** What people said of it, newest first. */
  readonly history: readonly AuditEntry[]
}

interface DetailInput {
  readonly actor: Actor
  readonly fleetId: string
  readonly scope: string
  readonly query: unknown
}

/** GET /breakers/:scope. @throws ApplicationError `not_found`, `bad_request` */
export async function breakerDetail(ctx: Context, input: DetailInput): Promise<BreakerDetail> {
  const { at: atMs } = parsedOrThrow(breakerDetailQuery, input.query)
  const shown = await getBreaker(ctx, input)
  const { scope } = shown
  const nowMs = ctx.clock.now()
  const { breakers, audit } = ctx.storage
  const fromMs = (atMs ?? nowMs) - SECONDS_BEFORE_MS
  const toMs = atMs === undefined ? nowMs + MINUTE_MS : atMs + SECONDS_AFTER_MS
  const [processes, minutes, changes, history, affected, control] = await Promise.all([
    breakers.processes(),
    breakers.minutes(scope, fromMs - MINUTE_MS, toMs),
    breakers.changes([scope], { fromMs: nowMs - DAY_MS, toMs: nowMs + MINUTE_MS }, CHANGES_MAX),
    audit.ofTarget(scope === 'engine' ? null : input.fleetId, scope, HISTORY_MAX),
    affectedBy(ctx, scope),
    breakers.control(scope),
  ])
  const seconds = secondsOf(
    minutes.map((minute) => minute.seconds),
    fromMs,
  ).filter(({ second }) => second * 1_000 < toMs)
  return {
    ...shown,
    changedAtMs: control?.changedAtMs ?? null,
    processes: processes.map((process) => shownProcess(process, processes, scope, control, nowMs)),
    affected,
    secondPersonFor: await secondPersonKinds(ctx, scope, affected.devices),
    seconds,
    changes: changes.map((change) => seenBy(input.actor, change)),
    history,
  }
}

/** The engine's breaker meets the devices of all fleets: those of another fleet are for who may see that one. */
function seenBy(actor: Actor, change: BreakerTransition): BreakerTransition {
  if (change.fleetId !== null || change.trip === null) return change
  const bad = change.trip.bad.map((call) =>
    call.fleetId !== null && canSee(actor, call.fleetId) ? call : { ...call, deviceId: null, fleetId: null },
  )
  return { ...change, trip: { ...change.trip, bad } }
}

export function secondsOf(
  lists: readonly (readonly CountedSecond[])[],
  fromMs: number,
): readonly CountedSecond[] {
  const from = Math.floor(fromMs / 1_000)
  return mergedSeconds(lists, (a, b) => ({
    second: a.second,
    calls: a.calls + b.calls,
    failures: a.failures + b.failures,
    slow: a.slow + b.slow,
    shed: a.shed + b.shed,
  })).filter(({ second }) => second >= from)
}

function tookMs(
  startedAtMs: number,
  applied: readonly Applied[],
  { revision, changedAtMs }: { readonly revision: number; readonly changedAtMs: number },
): number | null {
  const since = applied.findLast((one) => one.revision >= revision)
  // Of one that began later the first word says when it began; where no older one is kept, since when isn't known.
  const ranOlder = startedAtMs < changedAtMs && applied.some((one) => one.revision < revision)
  return since && ranOlder ? Math.max(0, since.atMs - changedAtMs) : null
}

function shownProcess(
  { scopes, applied, ...process }: SeenProcess,
  all: readonly SeenProcess[],
  scope: Scope,
  control: StoredControl | null,
  nowMs: number,
): ShownProcess {
  const standing = standingOn(scope, { scopes, applied, ...process }, all, control, nowMs)
  const told = scopes[scope]
  return {
    ...process,
    standing,
    tookMs: control && tookMs(process.startedAtMs, applied, control),
    state: told?.state ?? 'closed',
    calls: told?.calls ?? 0,
    failures: told?.failures ?? 0,
    shed: told?.shed ?? 0,
  }
}
