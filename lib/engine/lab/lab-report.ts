import type { StrategyName, TieRule } from '#lib/protocol/device.ts'

/** A way to settle conflicts, as a collection may be set. */
export interface LabSettings {
  readonly strategy: StrategyName
  readonly tieRule: TieRule
  /** By JSON Pointer. */
  readonly fieldStrategies: Readonly<Record<string, StrategyName>>
}

/** What became of recorded conflicts under one way to settle them ([LB1] to [LB5]). */
export interface LabCounts {
  /** That could be replayed under it; all other figures are of these. */
  readonly conflicts: number
  /** What the sides had changed, place by place. */
  readonly changes: number
  /** Of the changes, those that nobody sees any more. */
  readonly lostUpdates: number
  /** Conflicts that lost something, and nobody was asked. */
  readonly silentOverwrites: number
  /** Conflicts that wait for a person. */
  readonly manual: number
  /** Conflicts that clocks which were off decided otherwise than the true times. */
  readonly wrongWinners: number
  /** Conflicts that settled to a document which the schema or a rule of the collection refuses. */
  readonly brokenRules: number
  /** Conflicts that it decides by stamps which are not known; they are counted nowhere else. */
  readonly timeUnknown: number
  /** Conflicts that it cannot replay, as a merge without its base; they are counted nowhere else. */
  readonly notReplayed: number
}

/** How far a run of the lab is. */
export const LAB_RUN_STATES = ['running', 'done', 'failed', 'cancelled'] as const
export type LabRunState = (typeof LAB_RUN_STATES)[number]

export const LAB_FINDINGS = ['lost_update', 'wrong_winner', 'broken_rule', 'manual'] as const
export type LabFinding = (typeof LAB_FINDINGS)[number]

/** One conflict, to look at. */
export interface LabExample {
  readonly conflictId: string
  readonly recordId: string
  /** JSON Pointers of what was lost, or is contested, the first LAB_PLACES_MAX; the root's for a whole document. */
  readonly places: readonly string[]
  /** Whose change was lost; null where that is no question, and where both lost some. */
  readonly side: 'local' | 'remote' | null
  /** What it comes to: a document, a question to a person, or what the engine refuses. Reports of an earlier release don't say. */
  readonly comesTo?: LabOutcome
}
export const LAB_OUTCOMES = ['settled', 'person', 'unfit'] as const
export type LabOutcome = (typeof LAB_OUTCOMES)[number]

/** One way to settle conflicts beside the others. */
export interface LabColumn {
  /** `current`, `proposed`, or the strategy, with `:` and the tie rule where it has one. */
  readonly id: string
  readonly settings: LabSettings
  readonly counts: LabCounts
  /** It was replayed over so many of the newest alone, since each takes it long; null where it was over all. */
  readonly newestAlone: number | null
  /** The newest of each, at most LAB_EXAMPLES_MAX. */
  readonly examples: Readonly<Record<LabFinding, readonly LabExample[]>>
  /** Of those that both replayed, the ones that come out otherwise than by `current`. */
  readonly differs: { readonly conflicts: number; readonly examples: readonly LabExample[] }
}

/** A field that both sides changed, by each strategy that it could have for itself. */
export interface LabField {
  /** JSON Pointer; the root's where one side deleted the record. */
  readonly place: string
  readonly contested: number
  readonly strategies: readonly {
    readonly strategy: StrategyName
    readonly lostUpdates: number
    readonly manual: number
    readonly wrongWinners: number
    readonly timeUnknown: number
  }[]
}

/** Why a recorded conflict is left out of all columns. */
export type LabLeft = 'no_record'

/** What a run of the lab found. Times in Unix ms. */
export interface LabReport {
  readonly collectionId: string
  readonly collection: string
  readonly fromMs: number
  readonly toMs: number
  /** How far the clocks were put off; 0 as they were. */
  readonly clocksOffMs: number
  /** Conflicts that were looked at, and of them those that every column is about. */
  readonly recorded: number
  readonly replayed: number
  readonly left: readonly { readonly why: LabLeft; readonly count: number }[]
  /** There are more in the range; the newest were looked at. */
  readonly capped: boolean
  readonly columns: readonly LabColumn[]
  /** At most LAB_FIELDS_MAX, most contested first, of so many. */
  readonly fields: readonly LabField[]
  readonly fieldsTotal: number
}

/**
 * What things cost a collection, in one unit of its own choice. A decision of a person costs `manualMinutes` times `minute`.
 */
export interface LabWeights {
  readonly lostUpdate: number
  readonly silentOverwrite: number
  readonly wrongWinner: number
  readonly brokenRule: number
  readonly manualMinutes: number
  readonly minute: number
}

export const DEFAULT_WEIGHTS: LabWeights = {
  lostUpdate: 10,
  silentOverwrite: 0,
  wrongWinner: 10,
  brokenRule: 20,
  manualMinutes: 5,
  minute: 1,
}

/** [LB6] What the counts cost by a collection's own weights. */
export const costOf = (counts: LabCounts, weights: LabWeights): number =>
  counts.lostUpdates * weights.lostUpdate +
  counts.silentOverwrites * weights.silentOverwrite +
  counts.wrongWinners * weights.wrongWinner +
  counts.brokenRules * weights.brokenRule +
  counts.manual * weights.manualMinutes * weights.minute
