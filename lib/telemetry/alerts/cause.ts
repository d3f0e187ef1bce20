import { differenceOf, estimateShare } from '../cohorts.ts'
import { percentText } from '../format.ts'

/** By what a group is looked at for what is over-represented in it. */
export const CAUSE_DIMENSIONS = ['appVersion', 'platform', 'collection', 'code'] as const
export type CauseDimension = (typeof CAUSE_DIMENSIONS)[number]

/** How much of what went wrong, and of all there was, falls to one value. */
export interface CauseCount {
  readonly dimension: CauseDimension
  readonly key: string
  readonly part: number
  /** Null where there is no whole: an error code has only what failed by it. */
  readonly whole: number | null
}

export interface CauseFinding extends CauseCount {
  readonly ofPart: number
  readonly ofWhole: number | null
}

/** What is over-represented, the clearest first; at most one of each dimension. */
export interface Cause {
  readonly sentence: string
  /** What is counted: `dead letters`. */
  readonly noun: string
  readonly findings: readonly CauseFinding[]
}

/** Fewer bad ones say nothing of their cause. */
const PART_MIN = 5
/** A value that holds less of what went wrong is one of several. */
const SHARE_MIN = 0.5
/** And so many times its share of all. */
const LIFT_MIN = 1.5

/**
 * Which version, platform, collection and code hold most of what went wrong, and far more than their share of all there was.
 * The same comparison as between cohorts: where there is enough of both, the rates must differ beyond chance. Null where
 * nothing stands out. Pure.
 */
export function causeOf(counts: readonly CauseCount[], noun: string): Cause | null {
  const findings = CAUSE_DIMENSIONS.flatMap((dimension) =>
    overRepresented(counts.filter((count) => count.dimension === dimension)),
  )
  if (findings.length === 0) return null
  findings.sort((a, b) => b.part / b.ofPart - a.part / a.ofPart)
  return { sentence: sentenceOf(findings, noun), noun, findings }
}

function overRepresented(counts: readonly CauseCount[]): readonly CauseFinding[] {
  const ofPart = counts.reduce((sum, { part }) => sum + part, 0)
  if (ofPart < PART_MIN) return []
  const ofWhole = counts.reduce<number | null>(
    (sum, { whole }) => (sum === null || whole === null ? null : sum + whole),
    0,
  )
  const most = counts.reduce((one, other) => (other.part > one.part ? other : one))
  if (most.part / ofPart < SHARE_MIN) return []
  const finding = { ...most, ofPart, ofWhole }
  if (most.whole === null || ofWhole === null) return [finding]
  // The only one that there is cannot be over-represented.
  if (counts.filter(({ whole }) => (whole ?? 0) > 0).length < 2) return []
  const lift = most.part / ofPart / (most.whole / ofWhole)
  return lift >= LIFT_MIN && isBeyondChance(finding, most.whole, ofWhole) ? [finding] : []
}

function isBeyondChance({ part, ofPart }: CauseFinding, whole: number, ofWhole: number): boolean {
  const own = estimateShare({ part, whole })
  const rest = estimateShare({ part: ofPart - part, whole: ofWhole - whole })
  return own === null || rest === null || differenceOf(own, rest).low > 0
}

const WORDS: Readonly<Record<CauseDimension, string>> = {
  appVersion: 'Version',
  platform: 'Platform',
  collection: 'Collection',
  code: 'Code',
}

function sentenceOf(findings: readonly CauseFinding[], noun: string): string {
  return findings
    .map(({ dimension, key, part, ofPart, whole, ofWhole }) => {
      const of = `${WORDS[dimension]} ${key}: ${percentText(part / ofPart)} of ${noun}`
      return whole === null || ofWhole === null ? of : `${of}, ${percentText(whole / ofWhole)} of all`
    })
    .join('. ')
}
