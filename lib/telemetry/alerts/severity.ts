/** How much it matters, the least first: told, looked at within the day, wakes somebody. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 }

export const isWorse = (one: Severity, than: Severity): boolean => RANK[one] > RANK[than]

/** Null of none. */
export const worstOf = (severities: readonly Severity[]): Severity | null =>
  severities.reduce<Severity | null>(
    (worst, one) => (worst === null || isWorse(one, worst) ? one : worst),
    null,
  )
