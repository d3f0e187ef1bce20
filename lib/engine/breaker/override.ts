import type { ForcedKind } from './breaker.ts'

/** A person's command to one breaker (BR4). Times in Unix ms. */
export interface Override {
  readonly id: string
  readonly kind: ForcedKind
  readonly reason: string
  readonly by: Person
  readonly askedAtMs: number
  /** Not before. */
  readonly startsAtMs: number
  readonly expiresAtMs: number
  /** Null where nobody else has to agree. */
  readonly approval: Approval | null
  /** Taken without the second person that it needs. */
  readonly breakGlass: boolean
  /** Null until a person ended it, or another override took its place. */
  readonly endedAtMs: number | null
}

export interface Person {
  readonly id: string
  readonly name: string
}

export interface Approval {
  /** Without an answer by then it lapses. */
  readonly untilMs: number
  readonly by: Person | null
  readonly atMs: number | null
}

/** `waiting` for a second person, `lapsed` without one, `scheduled` for later, `active`, `over`. */
export type OverridePhase = 'waiting' | 'lapsed' | 'scheduled' | 'active' | 'over'

export const EXPIRES_AFTER_DEFAULT_MS = 3_600_000
export const EXPIRES_AFTER_MAX_MS = 24 * 3_600_000
export const APPROVED_WITHIN_MS = 15 * 60_000

/** What an override is at a time. Needs no database: each process ends it by itself when its time is up. */
export function phaseOf(override: Override, nowMs: number): OverridePhase {
  const { approval, askedAtMs, startsAtMs, expiresAtMs, endedAtMs } = override
  if (endedAtMs !== null || nowMs >= expiresAtMs) return 'over'
  if (approval && approval.atMs === null) return nowMs < approval.untilMs ? 'waiting' : 'lapsed'
  // One that was to hold at once does so by every clock: a process whose own is behind must not wait for it.
  return startsAtMs > askedAtMs && nowMs < startsAtMs ? 'scheduled' : 'active'
}

/** From when it holds, if it does: not before it was approved. */
const heldFromMs = ({ startsAtMs, approval }: Override): number => Math.max(startsAtMs, approval?.atMs ?? 0)

/** The override of a scope that holds at a time: the one that took effect last, and of two at once the one that is forced open. */
export function holdingAt(overrides: readonly Override[], nowMs: number): Override | null {
  return overrides
    .filter((override) => phaseOf(override, nowMs) === 'active')
    .reduce<Override | null>((held, next) => (held && !isStronger(next, held) ? held : next), null)
}

function isStronger(next: Override, held: Override): boolean {
  const laterMs = heldFromMs(next) - heldFromMs(held)
  return laterMs === 0 ? next.kind === 'forced_open' : laterMs > 0
}

/** Those that hold, or may yet: what is over or lapsed is history. */
export const liveAt = (overrides: readonly Override[], nowMs: number): readonly Override[] =>
  overrides.filter((override) => ['waiting', 'scheduled', 'active'].includes(phaseOf(override, nowMs)))
