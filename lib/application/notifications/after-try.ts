import type { Random } from '#lib/kernel/random.ts'
import type { DeliveryOutcome } from '#lib/protocol/notice.ts'
import {
  NOTIFICATION_TRIED_FOR_MS,
  NOTIFICATION_TRIES_MAX,
  NOTIFICATION_WAIT_MS,
} from '#lib/protocol/limits.ts'
import type { Notification, NotificationItem } from '#lib/storage/ports.ts'

/** What a receiver made of a try. `afterMs`: when it said that it wants to be asked again. */
export type Verdict =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'again'; readonly afterMs: number | null }

export interface Tried {
  readonly verdict: Verdict
  /** Of what was sent. */
  readonly seq: number
  readonly nowMs: number
  /** How often what fires is told again; null: once. */
  readonly repeatMs: number | null
  /** How long what changed meanwhile waits. */
  readonly groupWaitMs: number
  readonly random: Random
}

/**
 * A notification after a try: told, to be tried again, or given up. Pure.
 * @returns it without the lease, and what the log calls it
 */
export function afterTry(
  now: Notification,
  items: readonly NotificationItem[],
  tried: Tried,
): { readonly next: Notification; readonly outcome: DeliveryOutcome } {
  const { verdict, seq, nowMs } = tried
  const free: Notification = { ...now, lease: null, collecting: false }
  const isOver = items.every(({ state }) => state === 'resolved')
  if (verdict.kind === 'again') {
    const attempts = now.attempts + 1
    // What is told again and again is given up only once it no longer fires.
    const isEndless = tried.repeatMs !== null && !isOver
    const isPast = nowMs - now.changedAtMs >= NOTIFICATION_TRIED_FOR_MS || attempts >= NOTIFICATION_TRIES_MAX
    if (isEndless || !isPast) {
      const dueAtMs = nowMs + waitMs(attempts, verdict.afterMs, tried.random)
      return { next: { ...free, attempts, dueAtMs }, outcome: 'retried' }
    }
    const next = { ...free, attempts: 0, dueAtMs: null, closedAtMs: isOver ? nowMs : null }
    return { next, outcome: 'gave_up' }
  }
  const isTaken = verdict.kind === 'taken'
  const isMore = now.seq > seq
  const repeats = isTaken && !isOver && tried.repeatMs !== null
  const dueAtMs = isMore
    ? nowMs + tried.groupWaitMs
    : repeats && tried.repeatMs !== null
      ? nowMs + tried.repeatMs
      : null
  const next: Notification = {
    ...free,
    attempts: 0,
    toldSeq: isTaken ? Math.max(now.toldSeq, seq) : now.toldSeq,
    // From here on counts for how long what is due next has been tried.
    changedAtMs: isMore ? now.changedAtMs : nowMs,
    dueAtMs,
    closedAtMs: isOver && !isMore ? nowMs : null,
  }
  return { next, outcome: isTaken ? 'delivered' : 'refused' }
}

/** Longer each time, half of it by chance, so that what failed together does not come again together. */
export function waitMs(attempts: number, askedMs: number | null, random: Random): number {
  const { first, longest, asked } = NOTIFICATION_WAIT_MS
  const grown = Math.min(longest, first * 2 ** Math.min(attempts - 1, 20))
  const own = grown * (0.5 + random() / 2)
  // Never before the receiver wants it, and a little apart.
  return Math.round(askedMs === null ? own : Math.max(own, Math.min(askedMs, asked) * (1 + random() / 10)))
}
