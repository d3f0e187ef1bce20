/**
 * What a push spent on the log of OT so far (PU7), in units of `OtType.cost`: a million is about half a second. Each mutation
 * has a bound of its own beside it (ot/integrate.ts, ot-log.ts).
 */
export interface OtWork {
  spent: number
}

/** As much as one mutation may take at the most, so that the first of a push is never too much. */
export const PUSH_OT_WORK_MAX = 1_000_000

export const noWork = (): OtWork => ({ spent: 0 })

export function spend(work: OtWork, units: number): void {
  work.spent += units
}

export const isSpent = ({ spent }: OtWork): boolean => spent >= PUSH_OT_WORK_MAX
