import type { Mark } from '#components/charts/prepare.ts'
import { formatCount } from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'

export type Annotation = OverviewAnswer['annotations'][number]

const KINDS: Readonly<Record<Annotation['kind'], { letter: string; one: string; many: string }>> = {
  release: { letter: 'R', one: 'release', many: 'releases' },
  schema: { letter: 'S', one: 'schema', many: 'schemas' },
  replay: { letter: 'P', one: 'replay', many: 'replays' },
  override: { letter: 'O', one: 'override', many: 'overrides' },
  trip: { letter: 'B', one: 'breaker open', many: 'breakers open' },
}

/** What a chart shows of what was done to the fleet: "R", and where there is room "release 2.4.1". Pure. */
export const marksOf = (annotations: readonly Annotation[]): readonly Mark[] =>
  annotations.map((annotation) => ({
    t: annotation.atMs,
    letter: KINDS[annotation.kind].letter,
    word: markWord(annotation),
  }))

function markWord({ kind, what, count }: Annotation): string {
  const { one, many } = KINDS[kind]
  if (what !== null) return `${one} ${what}`
  return count === 1 ? one : `${formatCount(count)} ${many}`
}

/** "R release 2.4.1 · P 3 replays": what the letters stand for; null without any. Pure. */
export function marksLegend(marks: readonly Mark[]): string | null {
  const words = [...new Set(marks.map(({ letter, word }) => `${letter} ${word}`))]
  return words.length === 0 ? null : words.join(' · ')
}
