import { unreachable } from '#lib/kernel/result.ts'
import type { EndedCall, Tally, Window } from './window.ts'
import { EMPTY_WINDOW, addCall, tally } from './window.ts'

/** BR2, BR3. Rates are shares of the window's calls; times in milliseconds. */
export interface BreakerSettings {
  readonly failureRateMax: number
  readonly slowRateMax: number
  readonly slowMs: number
  /** With fewer calls in the window no rate means anything. */
  readonly callsMin: number
  readonly openMs: number
  readonly openMsMax: number
  readonly probes: number
  /** Probes that say nothing for so long count as given back: a caller that hangs must not hold the breaker shut. */
  readonly probeWaitMs: number
}

export const BREAKER_SETTINGS: BreakerSettings = {
  failureRateMax: 0.05,
  slowRateMax: 0.5,
  slowMs: 5_000,
  callsMin: 20,
  openMs: 30_000,
  openMsMax: 5 * 60_000,
  probes: 5,
  probeWaitMs: 30_000,
}

/** `era` counts the changes of state: what was admitted in another one says nothing about this one. */
interface Measured {
  readonly era: number
  /** While it is open or half open, as it was when it tripped. */
  readonly window: Window
}

/** BR1: every state with its own fields. */
export type BreakerState =
  | (Measured & { readonly kind: 'closed' })
  | (Measured & {
      readonly kind: 'open'
      readonly sinceMs: number
      readonly waitMs: number
      /** No probe was let in since it tripped. */
      readonly untried: boolean
    })
  | (Measured & {
      readonly kind: 'half_open'
      /** How long it was open: doubled when a probe goes badly. */
      readonly waitMs: number
      /** Probes that are out. */
      readonly out: number
      readonly good: number
      readonly lastOutMs: number
    })
  | (Measured & { readonly kind: 'forced_open' })
  | (Measured & { readonly kind: 'forced_closed' })
  | (Measured & { readonly kind: 'metrics_only' })

export type BreakerKind = BreakerState['kind']
/** States that only a person's override puts a breaker into, and ends (BR4). */
export type ForcedKind = Extract<BreakerKind, 'forced_open' | 'forced_closed' | 'metrics_only'>
export const BREAKER_KINDS = [
  'closed',
  'open',
  'half_open',
  'forced_open',
  'forced_closed',
  'metrics_only',
] as const satisfies readonly BreakerKind[]

export const FORCED_KINDS = [
  'forced_open',
  'forced_closed',
  'metrics_only',
] as const satisfies readonly ForcedKind[]

export type BreakerEvent =
  /** A call is let in; only where `judge` admits it. */
  | { readonly kind: 'entered' }
  /** A call ended: good, failed, slow, or void when it says nothing about the scope (a client's own 4xx, a shed one). */
  | { readonly kind: 'ended'; readonly era: number; readonly call: EndedCall | 'void' }
  /** What it guards was seen to answer again, by whoever looks after it. */
  | { readonly kind: 'answers' }
  /** An override takes effect (BR4). */
  | { readonly kind: 'forced'; readonly as: ForcedKind }
  /** The override that held it was released, or has expired. */
  | { readonly kind: 'released' }

export const CLOSED: BreakerState = { kind: 'closed', era: 0, window: EMPTY_WINDOW }

export type Judgement =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly retryAfterMs: number }

const ADMITTED: Judgement = { admitted: true }
/** While all probes are out: long enough that those who are told don't ask again and again while a probe is slow. */
const RETRY_WHILE_PROBING_MS = 10_000
/** Ends only when a person ends it: short enough that, spread, all have asked again within a minute of that. */
const RETRY_WHILE_FORCED_MS = 20_000

/** Whether a call may enter now (BR3). Reads only: a call that is admitted must then be told by `entered`. */
export function judge(state: BreakerState, settings: BreakerSettings, nowMs: number): Judgement {
  switch (state.kind) {
    case 'closed':
    case 'forced_closed':
    case 'metrics_only':
      return ADMITTED
    case 'forced_open':
      return { admitted: false, retryAfterMs: RETRY_WHILE_FORCED_MS }
    case 'open': {
      const leftMs = openLeftMs(state, nowMs)
      return leftMs > 0 ? { admitted: false, retryAfterMs: leftMs } : ADMITTED
    }
    case 'half_open':
      if (state.out + state.good < settings.probes || isSilent(state, settings, nowMs)) return ADMITTED
      return { admitted: false, retryAfterMs: RETRY_WHILE_PROBING_MS }
  }
  return unreachable(state)
}

/** BR1: `(state, event, nowMs) → state`. Pure and total: what a state doesn't take changes nothing. */
export function reduce(
  state: BreakerState,
  event: BreakerEvent,
  settings: BreakerSettings,
  nowMs: number,
): BreakerState {
  switch (event.kind) {
    case 'entered':
      return enter(state, settings, nowMs)
    case 'ended':
      return end(state, event.era, event.call, settings, nowMs)
    case 'answers':
      return tryNow(state, settings, nowMs)
    case 'forced':
      if (state.kind === event.as) return state
      return { kind: event.as, era: state.era + 1, window: state.window }
    case 'released':
      return release(state, settings, nowMs)
  }
  return unreachable(event)
}

/** BR4: whatever it was before, nobody knows how it is now: it is tried. */
function release(state: BreakerState, settings: BreakerSettings, nowMs: number): BreakerState {
  if (!isForced(state.kind)) return state
  const { era, window } = state
  return {
    kind: 'half_open',
    era: era + 1,
    waitMs: settings.openMs,
    window,
    out: 0,
    good: 0,
    lastOutMs: nowMs,
  }
}

/** Whether a person holds it. */
export const isForced = (kind: BreakerKind): kind is ForcedKind =>
  FORCED_KINDS.some((forced) => forced === kind)

/** BR7: probes come at once, but one time only; if they go badly the wait is the one that was cut short. */
function tryNow(state: BreakerState, settings: BreakerSettings, nowMs: number): BreakerState {
  if (state.kind !== 'open' || !state.untried) return state
  const waitMs = settings.openMs / 2
  return { ...state, waitMs, sinceMs: nowMs - waitMs, untried: false }
}

function enter(state: BreakerState, settings: BreakerSettings, nowMs: number): BreakerState {
  if (state.kind === 'open' && openLeftMs(state, nowMs) <= 0) {
    const { era, waitMs, window } = state
    return { kind: 'half_open', era: era + 1, waitMs, window, out: 1, good: 0, lastOutMs: nowMs }
  }
  if (state.kind !== 'half_open') return state
  if (state.out + state.good < settings.probes) return { ...state, out: state.out + 1, lastOutMs: nowMs }
  if (!isSilent(state, settings, nowMs)) return state
  return { ...state, era: state.era + 1, out: 1, good: 0, lastOutMs: nowMs }
}

function end(
  state: BreakerState,
  era: number,
  call: EndedCall | 'void',
  settings: BreakerSettings,
  nowMs: number,
): BreakerState {
  if (era !== state.era) return state
  switch (state.kind) {
    case 'closed': {
      if (call === 'void') return state
      const window = addCall(state.window, call, nowMs)
      if (!isTripped(window, settings)) return { kind: 'closed', era, window }
      return { kind: 'open', era: era + 1, window, sinceMs: nowMs, waitMs: settings.openMs, untried: true }
    }
    case 'half_open':
      return endProbe(state, call, settings, nowMs)
    case 'forced_closed':
    case 'metrics_only':
      return call === 'void' ? state : { ...state, window: addCall(state.window, call, nowMs) }
    case 'open':
    case 'forced_open':
      return state
  }
  return unreachable(state)
}

/** BR3: all probes good close it, one bad opens it for twice as long. */
function endProbe(
  state: Extract<BreakerState, { kind: 'half_open' }>,
  call: EndedCall | 'void',
  settings: BreakerSettings,
  nowMs: number,
): BreakerState {
  if (state.out === 0) return state
  const out = state.out - 1
  if (call === 'void') return { ...state, out }
  if (call.failed || call.slow) {
    const waitMs = Math.min(settings.openMsMax, state.waitMs * 2)
    const { era, window } = state
    return { kind: 'open', era: era + 1, window, sinceMs: nowMs, waitMs, untried: false }
  }
  const good = state.good + 1
  if (good >= settings.probes) return { kind: 'closed', era: state.era + 1, window: EMPTY_WINDOW }
  return { ...state, out, good }
}

/** So long after it could be tried, nobody has (BR7). */
const IDLE_MS = 5_000

/** True for a breaker that waits for a call to try it with, and has waited. */
export function isIdle(state: BreakerState, nowMs: number): boolean {
  if (state.kind === 'open') return openLeftMs(state, nowMs) <= -IDLE_MS
  return state.kind === 'half_open' && state.out === 0 && nowMs - state.lastOutMs >= IDLE_MS
}

function isTripped(window: Window, settings: BreakerSettings): boolean {
  return isOver(tally(window), settings)
}

/** BR2. The share is divided out: 7 % of 100 calls, multiplied, would be 7.000000000000001 of them. */
export function isOver(
  { calls, failures, slow }: Tally,
  {
    callsMin,
    failureRateMax,
    slowRateMax,
  }: Pick<BreakerSettings, 'callsMin' | 'failureRateMax' | 'slowRateMax'>,
): boolean {
  return calls >= callsMin && (failures / calls >= failureRateMax || slow / calls >= slowRateMax)
}

/** A clock that was set back behind the opening ends the wait: probes are cheap, and a wait without end is not. */
function openLeftMs(state: Extract<BreakerState, { kind: 'open' }>, nowMs: number): number {
  return nowMs < state.sinceMs ? 0 : state.sinceMs + state.waitMs - nowMs
}

const isSilent = (
  state: Extract<BreakerState, { kind: 'half_open' }>,
  settings: BreakerSettings,
  nowMs: number,
): boolean => state.out > 0 && Math.abs(nowMs - state.lastOutMs) >= settings.probeWaitMs
