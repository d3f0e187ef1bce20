/** What bulk actions there are over dead letters (decision 0060). */
export const LETTER_KINDS = ['replay', 'discard', 'restore', 'edit'] as const
export type LetterKind = (typeof LETTER_KINDS)[number]
/** And over conflicts: `resolve` decides each by a rule (decision 0075). */
export const OPERATION_KINDS = [...LETTER_KINDS, 'resolve'] as const
export type OperationKind = (typeof OPERATION_KINDS)[number]

export const OPERATION_STATES = [
  'draft',
  'previewed',
  'running',
  'paused',
  'cancelling',
  'cancelled',
  'completed',
  'failed',
] as const
export type OperationState = (typeof OPERATION_STATES)[number]

/** `halt`: the server paused it; `finish`: no member is left; `end`: what was left was skipped; `break`: it cannot go on. */
export type OperationEvent =
  | 'preview'
  | 'start'
  | 'pause'
  | 'halt'
  | 'resume'
  | 'cancel'
  | 'finish'
  | 'end'
  | 'break'

type Row = Readonly<Partial<Record<OperationEvent, OperationState>>>

/** DL12: what each event makes of a state; what a state does not take is refused. */
const TABLE: Readonly<Record<OperationState, Row>> = {
  draft: { preview: 'previewed', start: 'running', cancel: 'cancelling' },
  previewed: { preview: 'previewed', start: 'running', cancel: 'cancelling' },
  running: { pause: 'paused', halt: 'paused', cancel: 'cancelling', finish: 'completed', break: 'failed' },
  paused: { resume: 'running', cancel: 'cancelling' },
  cancelling: { end: 'cancelled' },
  cancelled: {},
  completed: {},
  failed: {},
}

/** The next state; null where the state does not take the event. Pure. */
export const afterEvent = (state: OperationState, event: OperationEvent): OperationState | null =>
  TABLE[state][event] ?? null

/** What may still be done with it by hand. Pure. */
export const takes = (state: OperationState, event: OperationEvent): boolean =>
  TABLE[state][event] !== undefined

/** Nothing happens to it any more. Pure. */
export const isEnded = (state: OperationState): boolean => Object.keys(TABLE[state]).length === 0

export const ITEM_STATES = ['pending', 'done', 'skipped', 'errored'] as const
export type ItemState = (typeof ITEM_STATES)[number]

/**
 * What becomes of a member, and how it is counted. `held`: it waits behind a letter that is still dead. `closed`: it is not
 * in the state that this kind of operation is for, by now. `gone`: it was purged. `unpatchable`: the patch does not fit it.
 * `no_answer`: it got no lasting answer, again and again. `decided`: a rule has decided the conflict. `undecided`: the rule says
 * nothing of it, and it stays open.
 */
export const OUTCOME_STATES = {
  applied: 'done',
  merged: 'done',
  superseded: 'done',
  conflict: 'done',
  duplicate: 'done',
  discarded: 'done',
  restored: 'done',
  decided: 'done',
  held: 'skipped',
  closed: 'skipped',
  gone: 'skipped',
  cancelled: 'skipped',
  undecided: 'skipped',
  still_dead: 'errored',
  refused: 'errored',
  unpatchable: 'errored',
  no_answer: 'errored',
} as const satisfies Readonly<Record<string, Exclude<ItemState, 'pending'>>>
export type ItemOutcome = keyof typeof OUTCOME_STATES
export const ITEM_OUTCOMES = Object.keys(OUTCOME_STATES) as readonly ItemOutcome[]

/** Members of each stage; the last takes the rest. */
export const STAGE_SIZES = [1, 10, 100] as const

export interface Stage {
  /** 1 is the first. */
  readonly stage: number
  /** Members up to its end, those of the stages before among them; null for the last. */
  readonly endsAt: number | null
}

/** The stage that the member behind `settled` others is in. Pure. */
export function stageAt(settled: number): Stage {
  let endsAt = 0
  for (const [i, size] of STAGE_SIZES.entries()) {
    endsAt += size
    if (settled < endsAt) return { stage: i + 1, endsAt }
  }
  return { stage: STAGE_SIZES.length + 1, endsAt: null }
}

/** Of those that ran since it was started or resumed: so many are judged, and more than this share must not fail. */
export const FAILURES_JUDGED_MIN = 20
export const FAILURE_SHARE_MAX = 0.05

export interface RunCounts {
  readonly runDone: number
  readonly runErrored: number
}

/**
 * Why it pauses by itself (DL15): too many of this run failed, or a stage has ended without one that did not. Null while it
 * may go on. `settled` is how many members have a fate. Pure.
 */
export function failureVerdict(
  { runDone, runErrored }: RunCounts,
  settled: number,
): 'failures' | 'stage' | null {
  const ran = runDone + runErrored
  if (ran >= FAILURES_JUDGED_MIN && runErrored > ran * FAILURE_SHARE_MAX) return 'failures'
  const ends = STAGE_SIZES.map((_, i) => STAGE_SIZES.slice(0, i + 1).reduce((sum, size) => sum + size, 0))
  return runErrored > 0 && runDone === 0 && ends.includes(settled) ? 'stage' : null
}

/**
 * Members of one transaction at this rate: few enough that no second has more than the rate and a twentieth (DL14), and
 * none beyond its stage. Pure.
 */
export function batchSize(ratePerSecond: number, settled: number): number {
  const { endsAt } = stageAt(settled)
  const byRate = Math.max(1, Math.floor(ratePerSecond / 20))
  return endsAt === null ? byRate : Math.min(byRate, endsAt - settled)
}
