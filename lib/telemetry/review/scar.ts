import type { Thresholds } from '../thresholds.ts'
import type { Measured, Recommendation, Review, Settings } from './review.ts'
import { algorithms } from './scar-algorithms.ts'
import { core } from './scar-core.ts'
import { resilience } from './scar-resilience.ts'
import { scope } from './scar-scope.ts'

/** One figure: what it is, its value in words with its unit, and what it is out of and from when. */
export interface ScarRow {
  readonly name: string
  readonly value: string
  readonly basis: string
}
export interface ScarPart {
  readonly title: string
  readonly rows: readonly ScarRow[]
}
export interface ScarSection {
  readonly letter: 'S' | 'C' | 'A' | 'R'
  readonly title: string
  /** The section in one sentence. */
  readonly lead: string
  readonly parts: readonly ScarPart[]
}
/** Scope, core architecture, algorithms, resilience (the handbook's framework). */
export interface ScarReport {
  readonly collection: string
  readonly fleet: string
  readonly atMs: number
  /** Of the review that it rests on; null where there is none. */
  readonly reviewVersion: number | null
  readonly verdict: string
  readonly sections: readonly ScarSection[]
}

/** What the strategy lab counted of one way to decide the recorded conflicts. */
export interface ScarLabColumn {
  readonly id: string
  readonly settings: Settings
  /** It was replayed over so many of the newest alone; null where it was over all. */
  readonly newestAlone: number | null
  readonly counts: {
    /** That could be replayed by it, and what their sides had changed. */
    readonly conflicts: number
    readonly changes: number
    readonly lostUpdates: number
    readonly silentOverwrites: number
    readonly manual: number
    readonly wrongWinners: number
    readonly brokenRules: number
  }
}
/** The newest run of the lab that ended well: its report is one of these, with its end. Times in Unix ms. */
export interface ScarLab {
  readonly endedAtMs: number
  readonly fromMs: number
  readonly toMs: number
  readonly recorded: number
  readonly columns: readonly ScarLabColumn[]
}

/** What became of calls, letters and incidents in the range of the measurements. Counts that are not known are null. */
export interface ScarEvidence {
  readonly pushed: number | null
  readonly duplicates: number | null
  readonly letters: {
    readonly open: number
    readonly replayed: number
    readonly discarded: number
    /** There are more than were counted. */
    readonly more: boolean
  }
  readonly deadLettersBy: readonly { readonly code: string; readonly count: number }[]
  readonly trips: {
    readonly count: number
    /** There are more than were read. */
    readonly more: boolean
    /** From going open to being closed again, of those that did. */
    readonly recovered: number
    readonly p50Ms: number | null
    readonly maxMs: number | null
  }
  /** Of the whole fleet. */
  readonly incidents: {
    readonly resolved: number
    readonly more: boolean
    readonly p50Ms: number | null
    readonly maxMs: number | null
  }
  /** Of the whole fleet: conflicts that people closed. */
  readonly settled: { readonly count: number; readonly p50Ms: number | null; readonly p95Ms: number | null }
}

/** What is set, of the fleet and the server. */
export interface ScarLimits {
  readonly intervalMs: number
  readonly backoffBaseMs: number
  readonly backoffCapMs: number
  readonly failureRateMax: number
  readonly slowRateMax: number
  readonly slowMs: number
  readonly callsMin: number
  readonly windowSeconds: number
  readonly openMs: number
  readonly openMsMax: number
  readonly probes: number
  readonly mutationsPerPushMax: number
  readonly bodyBytesMax: number
  readonly answersKeptMs: number
  readonly mutationIdsKeptMs: number
  readonly tokensGoodMs: number
  readonly lettersPerDeviceDayMax: number
  readonly lettersKeptMs: number
  readonly thresholds: Thresholds
}

export interface ScarInput {
  readonly collection: {
    readonly name: string
    readonly schemaVersion: number
    readonly rules: number
    readonly upMigrations: number
    readonly masked: number
    readonly hasAuthority: boolean
  }
  readonly fleet: string
  readonly atMs: number
  readonly settings: Settings
  readonly review: Review | null
  /** What comes of the newest answers and what is measured now. */
  readonly recommendation: Recommendation
  readonly measured: Measured
  readonly verdict: string
  readonly lab: ScarLab | null
  readonly evidence: ScarEvidence
  readonly limits: ScarLimits
}

/** The report of one collection (DR10). Pure. */
export const scarReport = (input: ScarInput): ScarReport => ({
  collection: input.collection.name,
  fleet: input.fleet,
  atMs: input.atMs,
  reviewVersion: input.review?.version ?? null,
  verdict: input.verdict,
  sections: [scope(input), core(input), algorithms(input), resilience(input)],
})
