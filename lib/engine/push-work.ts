/**
 * What a push spent so far on the log of OT, on texts of CRDTs, on business rules and on what up-migrations compute (PU7), in
 * units of `OtType.cost`: a million is about half a second. Each mutation has bounds of its own beside it (ot/integrate.ts, ot-log.ts, cel/compile.ts).
 */
export interface PushWork {
  spent: number
}

/** As much as one mutation may take at the most, so that the first of a push is never too much. */
export const PUSH_WORK_MAX = 1_000_000

export const noWork = (): PushWork => ({ spent: 0 })

export function spend(work: PushWork, units: number): void {
  work.spent += units
}

export const isSpent = ({ spent }: PushWork): boolean => spent >= PUSH_WORK_MAX
