import { countText, durationText, percentText, pluralText } from './format.ts'
import type { CollectionRow, Overview } from './overview.ts'
import type { Level } from './pillars.ts'
import type { Trouble } from './trouble.ts'
import { isOver } from './trouble.ts'

/** Of the collections that are over a limit of their own the one that is over it by most, of those that are gravest. */
function worstCollection(
  rows: readonly CollectionRow[],
  levelOf: (row: CollectionRow) => Level,
  excess: (row: CollectionRow) => number,
): CollectionRow | null {
  const over = rows.filter((row) => isOver(levelOf(row)))
  const grave = over.filter((row) => levelOf(row) === 'crit')
  const [worst] = (grave.length > 0 ? grave : over).toSorted((a, b) => excess(b) - excess(a))
  return worst ?? null
}

/** By the collection's own limit; what the fleet as a whole is judged by may hide it. */
export function laggingCollection({ collections }: Overview): Trouble | null {
  const worst = worstCollection(
    collections,
    ({ lagLevel }) => lagLevel,
    ({ uploadLag, limits }) => (uploadLag.p95 ?? 0) / Math.max(1, limits.lagWarnMs),
  )
  const p95 = worst?.uploadLag.p95 ?? null
  if (worst === null || p95 === null) return null
  return {
    level: worst.lagLevel,
    sentence: `Changes to ${worst.name} take ${durationText(p95)} to arrive, over its own target`,
    evidence: `Upload lag p95 ${durationText(p95)} of ${pluralText(worst.uploadLag.count, 'change')}, target under ${durationText(worst.limits.lagWarnMs)}`,
    step: {
      label: `Lag of ${worst.name}`,
      target: { page: 'pillar', pillar: 'lag', collection: worst.name },
    },
    brief: `upload lag p95 of ${worst.name} ${durationText(p95)}`,
  }
}

/** As `laggingCollection`, of conflicts; no more than friction either. */
export function conflictingCollection({ collections }: Overview): Trouble | null {
  const worst = worstCollection(
    collections,
    ({ conflictLevel }) => conflictLevel,
    ({ conflicts, limits }) => (conflicts.rate ?? 0) - limits.conflictWarn,
  )
  if (worst === null || worst.conflicts.rate === null) return null
  const { name, limits, conflicts } = worst
  const share = percentText(worst.conflicts.rate)
  return {
    level: 'warn',
    sentence: `${share} of changes to ${name} meet a conflict, over its own limit of ${percentText(limits.conflictWarn)}`,
    evidence: `${countText(conflicts.part)} of ${countText(conflicts.whole)} pushed changes needed resolution`,
    step: {
      label: `Conflicts of ${name}`,
      target: { page: 'pillar', pillar: 'conflicts', collection: name },
    },
    brief: `${share} of changes to ${name} meet a conflict`,
  }
}
