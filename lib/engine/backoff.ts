import type { Random } from '#lib/kernel/random.ts'

/** Server-tunable per fleet (BO3); all in milliseconds. */
export interface BackoffSettings {
  readonly intervalMs: number
  readonly baseMs: number
  readonly capMs: number
}

export const BACKOFF_BASE_MS = 1_000
export const BACKOFF_CAP_MS = 5 * 60_000
/** The longest that an override of a breaker lasts; a longer Retry-After would be a device that is stuck (SM6). */
export const RETRY_AFTER_MAX_MS = 24 * 3_600_000

/** How an attempt failed. Only `answer_lost` says that the server may have done it and was well. */
export type FailureKind = 'answer_lost' | 'refused_connection' | 'timed_out' | 'server_error' | 'shed'

export interface BackoffInput {
  /** Failures in a row before this one; a success sets it back to 0 (BO2). */
  readonly failures: number
  readonly kind: FailureKind
  /** Whether the one quick retry since the last success was already used. */
  readonly quickRetryUsed: boolean
  /** From the answer's Retry-After; null without one. */
  readonly retryAfterMs: number | null
}

export interface BackoffWait {
  readonly waitMs: number
  readonly quick: boolean
}

/** Doubling past this many times would only overflow: the cap has long won. */
const DOUBLINGS_MAX = 32

/** A Retry-After as it is heeded (BO1). */
export const clampRetryAfter = (retryAfterMs: number): number =>
  Math.min(RETRY_AFTER_MAX_MS, Math.max(0, retryAfterMs))

/**
 * How long to wait after a failure (BO1): `max(interval, min(cap, base·2^n)) × random(0.5, 1.5)`;
 * one quick retry within `base` when only the answer was lost. Retry-After is a floor: a wait that falls below it is
 * drawn again above it. (Floor plus spread for all would halve the wait where the floor is short: 2.4 × the steady rate.)
 */
export function backoffWait(settings: BackoffSettings, input: BackoffInput, random: Random): BackoffWait {
  const { intervalMs, baseMs } = settings
  if (input.kind === 'answer_lost' && !input.quickRetryUsed && input.retryAfterMs === null) {
    return { waitMs: random() * baseMs, quick: true }
  }
  const capMs = Math.max(settings.capMs, intervalMs)
  const grown = Math.min(capMs, baseMs * 2 ** Math.min(input.failures, DOUBLINGS_MAX))
  const middleMs = Math.max(intervalMs, grown)
  const waitMs = middleMs * (0.5 + random())
  const floorMs = input.retryAfterMs === null ? 0 : clampRetryAfter(input.retryAfterMs)
  if (waitMs >= floorMs) return { waitMs, quick: false }
  // Spread as wide as an ordinary wait: devices told the same second must not come back in the same second.
  return { waitMs: floorMs + middleMs * random(), quick: false }
}
