import type { AlertRule } from './rule.ts'

/** Where one rule stands for one part of a fleet. Plain data: it is stored and read back. Times in Unix ms. */
export type Held =
  | { readonly kind: 'inactive' }
  | { readonly kind: 'pending'; readonly sinceMs: number }
  | {
      readonly kind: 'firing'
      readonly sinceMs: number
      readonly firedAtMs: number
      /** When it was found well first, without a break since. */
      readonly clearSinceMs: number | null
    }
export interface Tracked {
  readonly held: Held
  /** Since when nothing is known. What isn't known doesn't count: the clocks of `held` stand. */
  readonly blindSinceMs: number | null
  readonly seenMs: number
}

/** What an evaluation found: whether the bound is passed, and whether the one is that holds while it fires. Null: not known. */
export type Finding = { readonly breached: boolean; readonly holds: boolean } | null

export type AlertStatus = 'inactive' | 'pending' | 'firing' | 'no_data'

/** An evaluation that is so late is no evaluation of the time before it. */
export const EVALUATION_GAP_MS = 60_000
/** One reading that is missing is no news. */
export const NO_DATA_AFTER_MS_MIN = 5 * 60_000
/** What fired and isn't known of for so long is over: nobody will come to end it. */
export const NO_DATA_ENDS_MS = 86_400_000

export const INACTIVE: Held = { kind: 'inactive' }

type Times = Pick<AlertRule, 'forMs' | 'keepFiringMs'>

/**
 * One evaluation. With a finding it is what Prometheus does (rules/alerting.go, `Eval`): pending from the first breach on,
 * firing once that is `for` ago, well again only once it has been so for `keep_firing_for`. Without one it freezes.
 */
export function track(before: Tracked | null, finding: Finding, nowMs: number, times: Times): Tracked {
  const { held, blindSinceMs } = awake(before, nowMs)
  if (finding === null) {
    const since = blindSinceMs ?? nowMs
    const isOver = nowMs - since >= NO_DATA_ENDS_MS
    // Nothing changes from one evaluation to the next, so that nothing has to be written.
    return { held: isOver ? INACTIVE : held, blindSinceMs: since, seenMs: since }
  }
  const seen = blindSinceMs === null ? held : later(held, nowMs - blindSinceMs)
  return { held: next(seen, finding, nowMs, times), blindSinceMs: null, seenMs: nowMs }
}

function awake(before: Tracked | null, nowMs: number): Pick<Tracked, 'held' | 'blindSinceMs'> {
  if (before === null) return { held: INACTIVE, blindSinceMs: null }
  const { held, blindSinceMs, seenMs } = before
  const gapMs = nowMs - seenMs
  return blindSinceMs === null && gapMs > EVALUATION_GAP_MS
    ? { held: later(held, gapMs), blindSinceMs }
    : { held, blindSinceMs }
}

/** Its clocks stood for so long. */
function later(held: Held, ms: number): Held {
  if (held.kind === 'pending') return { ...held, sinceMs: held.sinceMs + ms }
  if (held.kind === 'firing' && held.clearSinceMs !== null)
    return { ...held, clearSinceMs: held.clearSinceMs + ms }
  return held
}

function next(
  held: Held,
  { breached, holds }: NonNullable<Finding>,
  nowMs: number,
  { forMs, keepFiringMs }: Times,
): Held {
  if (held.kind === 'firing') {
    if (breached || holds) return held.clearSinceMs === null ? held : { ...held, clearSinceMs: null }
    const clearSinceMs = held.clearSinceMs ?? nowMs
    return nowMs - clearSinceMs < keepFiringMs ? { ...held, clearSinceMs } : INACTIVE
  }
  if (!breached) return INACTIVE
  const sinceMs = held.kind === 'pending' ? held.sinceMs : nowMs
  return nowMs - sinceMs >= forMs
    ? { kind: 'firing', sinceMs, firedAtMs: nowMs, clearSinceMs: null }
    : { kind: 'pending', sinceMs }
}

/** As it is shown. What fires and isn't known of any more is not well: its incident stays. */
export function statusOf(
  { held, blindSinceMs }: Tracked,
  { forMs }: Pick<Times, 'forMs'>,
  nowMs: number,
): AlertStatus {
  if (blindSinceMs !== null && nowMs - blindSinceMs >= Math.max(forMs, NO_DATA_AFTER_MS_MIN)) return 'no_data'
  return held.kind
}

/** Nothing is worth keeping of it. */
export const isIdle = ({ held, blindSinceMs }: Tracked): boolean =>
  held.kind === 'inactive' && blindSinceMs === null
