import type { Severity } from '#lib/protocol/notice.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'

export const isWorse = (one: Severity, than: Severity): boolean =>
  SEVERITIES.indexOf(one) > SEVERITIES.indexOf(than)

/** Null of none. */
export const worstOf = (severities: readonly Severity[]): Severity | null =>
  severities.reduce<Severity | null>(
    (worst, one) => (worst === null || isWorse(one, worst) ? one : worst),
    null,
  )
