import type { StrategyName, TieRule } from '#lib/protocol/device.ts'

/** What people choose for each of the handbook's five questions. Each list goes from the simplest to the hardest case. */
export const CHOICES = {
  shape: ['fields', 'whole', 'text', 'counts', 'binary'],
  semantics: ['harmless', 'annoying', 'costly', 'never'],
  connectivity: ['online', 'occasionally', 'mostly'],
  volume: ['deltas', 'full'],
  ordering: ['none', 'record', 'causal'],
} as const
export const FIELD_KINDS = ['plain', 'text', 'counter', 'set', 'money'] as const

export type Question = keyof typeof CHOICES
export type Choice<Q extends Question = Question> = (typeof CHOICES)[Q][number]
export type FieldKind = (typeof FIELD_KINDS)[number]
export const QUESTIONS = Object.keys(CHOICES) as readonly Question[]

/** One question as a person answered it; `choice` is null where nobody did. */
export interface Answer<Q extends Question = Question> {
  readonly choice: Choice<Q> | null
  readonly note: string
}
export type Answers = { readonly [Q in Question]: Answer<Q> } & {
  /** What single fields are, by JSON Pointer. */
  readonly fields: Readonly<Record<string, FieldKind>>
}

const UNANSWERED = { choice: null, note: '' } as const
/** Before anybody answered. */
export const NO_ANSWERS: Answers = {
  shape: UNANSWERED,
  semantics: UNANSWERED,
  connectivity: UNANSWERED,
  volume: UNANSWERED,
  ordering: UNANSWERED,
  fields: {},
}

export interface ContestedField {
  /** JSON Pointer. */
  readonly place: string
  readonly conflicts: number
}

/**
 * What was measured of a collection (DR1). Times in Unix ms, sizes in bytes of JSON. A part that could not be measured is
 * null, which is not 0. Figures of `sampled` things are of the newest ones, at most as many as their bound.
 */
export interface Measured {
  readonly atMs: number
  /** Of the figures that are counted over a range: [fromMs, toMs), which ends before `atMs` where telemetry is not folded yet. */
  readonly fromMs: number
  readonly toMs: number
  readonly records: {
    readonly live: number
    /** There are at least so many. */
    readonly more: boolean
    readonly sampled: number
    readonly bytesP50: number
    readonly bytesP95: number
    readonly bytesMax: number
  } | null
  readonly followers: number
  /** Of changes that made a version, by the times of their commits. */
  readonly changes: {
    readonly sampled: number
    readonly fromMs: number
    readonly toMs: number
    /** Whole documents, patches, deletions, CRDT and OT operations. */
    readonly kinds: Readonly<Record<string, number>>
    readonly bytesP50: number
    /** That name an earlier change which has to come before. */
    readonly withAfter: number
    /** Records among them, and those that two or more devices wrote. */
    readonly records: number
    readonly shared: number
    readonly writersMax: number
  } | null
  /** Bytes of the changes against those of the documents that they were made on, where both are in the samples. */
  readonly delta: {
    readonly changes: number
    readonly changeBytes: number
    readonly documentBytes: number
  } | null
  /** How long changes waited on their devices until they were committed. */
  readonly waits: {
    readonly count: number
    readonly p50Ms: number
    readonly p95Ms: number
    readonly maxMs: number
  } | null
  /** Between the sessions of a device. */
  readonly gaps: {
    readonly devices: number
    readonly count: number
    readonly p50Ms: number
    readonly p95Ms: number
  } | null
  /** Conflicts of the changes that were pushed. */
  readonly rate: {
    readonly conflicts: number
    readonly mutations: number
    readonly perDay: number
  } | null
  readonly conflicts: {
    readonly sampled: number
    /** There are more in the range. */
    readonly more: boolean
    readonly fromMs: number
    readonly toMs: number
    /** Whose common base is known: of the others nobody can say who changed what. */
    readonly knownBase: number
    /** Of these, with sides that changed different fields. */
    readonly disjoint: number
    /** That both sides changed, most first. */
    readonly fields: readonly ContestedField[]
  } | null
}

/** How a collection is set up. */
export interface Settings {
  readonly strategy: StrategyName
  readonly tieRule: TieRule
  readonly fieldStrategies: Readonly<Record<string, StrategyName>>
}

/** Why something is advised: the rule of the SPEC, and the fact behind it in words. */
export interface Reason {
  readonly rule: string
  readonly says: string
}
/** `value` is null where it is not known; the reasons then say what is missing. */
export interface Advice<T> {
  readonly value: T | null
  readonly reasons: readonly Reason[]
}
export interface FieldAdvice {
  readonly place: string
  readonly strategy: StrategyName
  readonly reasons: readonly Reason[]
}
export interface Recommendation {
  readonly strategy: Advice<StrategyName>
  readonly tieRule: Advice<TieRule>
  /** By place. */
  readonly fields: readonly FieldAdvice[]
  /** What devices send. */
  readonly mode: Advice<'delta' | 'full'>
  readonly ordering: Advice<Choice<'ordering'>>
  readonly connectivity: Advice<Choice<'connectivity'>>
  /** Where an answer and a measurement say otherwise. */
  readonly doubts: readonly Reason[]
}

/** A review as it is kept: what was answered, what was measured then, and what came of it. */
export interface Review {
  readonly version: number
  readonly answers: Answers
  readonly measured: Measured
  readonly recommendation: Recommendation
  /** As the collection was set up when it was reviewed. */
  readonly settings: Settings
  readonly note: string
  readonly actor: string
  readonly atMs: number
}
