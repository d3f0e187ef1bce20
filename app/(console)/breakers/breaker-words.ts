import {
  capitalised,
  formatCount,
  formatDuration,
  formatPercent,
  formatRound,
  plural,
} from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { BreakerDetail, ShownProcess } from '#lib/application/breakers/breaker-detail.ts'
import type { ShownBreaker, ShownOverride } from '#lib/application/breakers/list-breakers.ts'
import { isShut } from '#lib/application/breakers/is-shut.ts'
import { ENGINE_SCOPE, isWide, nameOfScope, versionOfScope } from '#lib/application/breakers/scopes.ts'
import type { BreakerKind, ForcedKind } from '#lib/application/breakers/terms.ts'

export const STATE_KINDS: Readonly<Record<BreakerKind, StatusKind>> = {
  closed: 'ok',
  open: 'crit',
  half_open: 'warn',
  forced_open: 'held',
  forced_closed: 'held',
  metrics_only: 'held',
}

/** What each override does, for whoever is about to make it. */
export const FORCED_WORDS: Readonly<
  Record<ForcedKind, { name: string; is: string; verb: string; means: string }>
> = {
  forced_open: {
    name: 'Forced open',
    is: 'forced open',
    verb: 'Force it open',
    means: 'Each is told to wait and to come back; it keeps its changes and sends them later.',
  },
  forced_closed: {
    name: 'Forced closed',
    is: 'forced closed',
    verb: 'Force it closed',
    means: 'Everything is let in, however much fails: what is behind it has to bear it.',
  },
  metrics_only: {
    name: 'Metrics only',
    is: 'counting only',
    verb: 'Let it count only',
    means: 'Everything is let in and counted, and nothing opens it.',
  },
}

type Scoped = Pick<ShownBreaker, 'scope'>

/** At the beginning of a sentence; a collection keeps the name that it has. Pure. */
export function titleOfScope(scope: ShownBreaker['scope']): string {
  const name = nameOfScope(scope)
  const isNamed = scope.startsWith('collection:') || scope.startsWith('backend:')
  return isNamed ? name : capitalised(name)
}

/** What kind of scope it is, where its name doesn't say so. Pure. */
export function scopeSort({ scope }: Scoped): string {
  if (scope === ENGINE_SCOPE) return 'all fleets'
  if (versionOfScope(scope) !== null) return 'one app version'
  if (scope.startsWith('collection:')) return 'collection'
  return scope.startsWith('backend:') ? 'business backend' : 'all its devices'
}

export const holding = ({ overrides }: Pick<ShownBreaker, 'overrides'>): ShownOverride | null =>
  overrides.find(({ phase }) => phase === 'active') ?? null
export const waiting = ({ overrides }: Pick<ShownBreaker, 'overrides'>): ShownOverride | null =>
  overrides.find(({ phase }) => phase === 'waiting') ?? null
export const scheduled = ({ overrides }: Pick<ShownBreaker, 'overrides'>): ShownOverride | null =>
  overrides.find(({ phase }) => phase === 'scheduled') ?? null

/** `CLOSED · 0.31 %`, as the strip of scopes has it. Pure. */
export function shortState({ state, minute, settings, processes }: ShownBreaker): string {
  const word = state === 'closed' && processes.notClosed > 0 ? 'OPEN ELSEWHERE' : state.toUpperCase()
  if (minute.shed > 0) return `${word} · ${formatCount(minute.shed)} shed`
  if (minute.isPart) return `${word} · calls not known`
  return minute.calls < settings.callsMin
    ? `${word} · ${plural(minute.calls, 'call')}`
    : `${word} · ${formatPercent(minute.failures / minute.calls)}`
}

/** A scope's status by the process that was asked, and by the others where it is closed itself. Pure. */
export const kindOfBreaker = ({ state, processes, overruledBy }: ShownBreaker): StatusKind => {
  if (overruledBy !== null) return 'held'
  return state === 'closed' && processes.notClosed > 0 ? 'warn' : STATE_KINDS[state]
}

/** The verdict of one breaker. Pure. */
export function breakerSentence(breaker: ShownBreaker, nowMs: number): string {
  const { scope, state, overruledBy, retryAfterMs, processes, minute, settings } = breaker
  const name = titleOfScope(scope)
  const held = holding(breaker)
  if (overruledBy !== null) return `${name} is shut by the ${nameOfScope(overruledBy)}, which is forced open`
  if (held)
    return `${name} is ${FORCED_WORDS[held.kind].is} by ${held.by.name} and ends in ${formatDuration(Math.max(0, held.expiresAtMs - nowMs))}`
  if (state === 'open')
    return retryAfterMs > 0
      ? `${name} is open and is tried again in ${formatDuration(retryAfterMs)}`
      : `${name} is open and waits for a call to try it with`
  if (state === 'half_open')
    return `${name} is on trial: ${settings.probes} good calls close it, a bad one opens it`
  if (state !== 'closed') return `${name} is ${FORCED_WORDS[state].is}`
  if (processes.notClosed > 0)
    return `${name} is not closed in ${formatCount(processes.notClosed)} of ${plural(processes.live, 'process', 'processes')}`
  if (minute.isPart) return `${name} is closed; not every process tells how many of its calls came and failed`
  if (minute.calls < settings.callsMin)
    return `${name} is closed; ${minute.calls === 0 ? 'no call' : `${plural(minute.calls, 'call')} of the ${settings.callsMin} it needs to judge`} came in the last 60 s`
  return `${name} is closed: ${formatPercent(minute.failures / minute.calls)} of ${plural(minute.calls, 'call')} failed in the last 60 s`
}

/** The engine or the fleet, where it keeps out whoever would come to this narrower one. Pure. */
export const widerShut = (
  breakers: readonly ShownBreaker[],
  scope: ShownBreaker['scope'],
): ShownBreaker | null => {
  const wider =
    scope === ENGINE_SCOPE ? [] : breakers.filter((one) => isWide(one.scope) && one.scope !== scope)
  return wider.find((one) => isShut(one) && (one.scope === ENGINE_SCOPE || !isWide(scope))) ?? null
}

/** Whether it is worth a line: not closed in some process, or held by somebody. Pure. */
export const isTurned = (breaker: ShownBreaker): boolean => isShut(breaker) || holding(breaker) !== null

/** What stands beside each other above a breaker: a fleet may have hundreds. */
const STRIP_MAX = 24
/** The one that is looked at, what is turned, then the rest, as many as have room, in the order of the list. Pure. */
export function stripOf(breakers: readonly ShownBreaker[], current: string): readonly ShownBreaker[] {
  const rank = (one: ShownBreaker): number =>
    one.scope === current ? 0 : isWide(one.scope) ? 1 : isTurned(one) ? 2 : 3
  const kept = new Set(breakers.toSorted((a, b) => rank(a) - rank(b)).slice(0, STRIP_MAX))
  return breakers.filter((one) => kept.has(one))
}

/** The verdict of the list. Pure. */
export function breakersSentence(breakers: readonly ShownBreaker[], nowMs: number): string {
  const shut = breakers.filter(isShut)
  const rest = breakers.length - shut.length
  const [first] = shut
  if (first === undefined) {
    const held = breakers.filter((one) => holding(one) !== null)
    const [only] = held
    if (only === undefined) return `All ${breakers.length} breakers are closed`
    return held.length === 1
      ? breakerSentence(only, nowMs)
      : `${held.length} of ${breakers.length} breakers are held by people; none keeps anybody out`
  }
  if (shut.length > 1) return `${shut.length} of ${breakers.length} breakers keep somebody out`
  const isIdle = breakers.every((one) => one === first || one.state === 'closed')
  const others = rest === 0 ? '' : rest === 1 ? '; the other one is closed' : `; the other ${rest} are closed`
  return `${breakerSentence(first, nowMs)}${isIdle ? others : ''}`
}

/** Silent for so long, a process is not stopped but gone. */
const DEAD_AFTER_MS = 60_000

/** Whether a process that no longer tells is dead rather than stale. Pure. */
export function isDead(process: ShownProcess, all: readonly ShownProcess[]): boolean {
  const newestMs = all.reduce((newest, { seenAtMs }) => Math.max(newest, seenAtMs), 0)
  return process.standing === 'stale' && newestMs - process.seenAtMs > DEAD_AFTER_MS
}

/** How many processes hold what was said last. Pure. */
export function appliedSentence({
  processes,
  version,
}: Pick<BreakerDetail, 'processes' | 'version'>): string {
  const live = processes.filter(({ standing }) => standing !== 'stale')
  const applied = live.filter(({ standing }) => standing === 'applied').length
  const dead = processes.filter((one) => isDead(one, processes)).length
  const stale = processes.length - live.length - dead
  const silent = [
    ...(stale === 0 ? [] : [`${plural(stale, 'is', 'are')} stale`]),
    ...(dead === 0 ? [] : [`${plural(dead, 'is', 'are')} dead`]),
  ].join(', ')
  const sentence =
    version === 0
      ? plural(live.length, 'process guards it', 'processes guard it')
      : `${applied} of ${plural(live.length, 'process', 'processes')} ${live.length === 1 ? 'holds' : 'hold'} version ${version}`
  return silent === '' ? sentence : `${sentence}; ${silent}`
}

/** `≥ 5 % of ≥ 20 calls`, and so on, for the picture. Pure. */
export const pictureWords = ({
  failureRateMax,
  callsMin,
  openMs,
  openMsMax,
  probes,
}: BreakerDetail['settings']) => ({
  trips: `≥ ${wholePercent(failureRateMax)} of ≥ ${callsMin} calls`,
  waits: `after ${formatRound(openMs)} … ${formatRound(openMsMax)}`,
  heals: `${probes} of ${probes} good`,
  probes: `${probes} trial calls`,
})

/** A limit, which is round: `5 %`, `2.5 %`. Pure. */
export const wholePercent = (ratio: number): string => `${Number((ratio * 100).toPrecision(3))} %`

/** `28 × push 503 database_unavailable, 3 × pull 500 internal`. Pure. */
export function causesOf(bad: readonly { readonly cause: string }[]): string {
  const counts = new Map<string, number>()
  for (const { cause } of bad) counts.set(cause, (counts.get(cause) ?? 0) + 1)
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([cause, count]) => `${count} × ${cause}`)
    .join(', ')
}

/** What an entry of the audit log says was done to a breaker. Pure. */
export const actWords = (action: string): string =>
  ACTS[action] ?? action.replace(/^breaker\./, '').replaceAll('_', ' ')
const ACTS: Readonly<Record<string, string>> = {
  'breaker.ask': 'asked a second person',
  'breaker.approve': 'approved',
  'breaker.break_glass': 'broke the glass',
  'breaker.forced_open': 'forced open',
  'breaker.forced_closed': 'forced closed',
  'breaker.metrics_only': 'counting only',
  'breaker.extend': 'gave it another end',
  'breaker.release': 'released',
  'breaker.configure': 'configured',
}
