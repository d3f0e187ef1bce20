import type { Slice } from '#lib/rollups/aggregate.ts'
import { sumAll } from '#lib/rollups/aggregate.ts'
import { COUNTER, byPart } from '#lib/rollups/counters.ts'
import type { ConflictFigure } from '#lib/telemetry/pillars.ts'
import { conflictLevel } from '#lib/telemetry/thresholds.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { AnnotatedPillar, PillarQuery, PillarRule } from './pillar.ts'
import { answerPillar, hasWhole, shareOf, topOf } from './pillar.ts'

/** Conflict rate. */
export const conflicts = (
  ctx: TelemetryContext,
  query: PillarQuery,
): Promise<AnnotatedPillar<ConflictFigure>> => answerPillar(ctx, query, CONFLICTS)

export const CONFLICTS: PillarRule<ConflictFigure> = {
  pillar: 'conflicts',
  parts: ['counters'],
  figureOf,
  levelOf: conflictLevel,
  weightOf: ({ mutations }) => mutations.whole,
}

function figureOf(slice: Slice): ConflictFigure {
  const counts = sumAll(slice.buckets)
  const count = (name: string): number => counts[name] ?? 0
  const byStrategy: Record<string, number> = {}
  const byOutcome = { local: 0, remote: 0, merge: 0, manual: 0 }
  for (const [part, conflicts] of Object.entries(byPart(counts, 'conflictsBy'))) {
    const [strategy = '', outcome] = part.split(':')
    byStrategy[strategy] = (byStrategy[strategy] ?? 0) + conflicts
    byOutcome[outcome as keyof typeof byOutcome] += conflicts
  }
  return {
    mutations: shareOf(count(COUNTER.conflicts), count(COUNTER.pushed)),
    sessions: hasWhole(slice)
      ? shareOf(
          count(COUNTER.sessionsWithConflict),
          count(COUNTER.sessions) - count(COUNTER.sessionsConflictsUnknown),
        )
      : null,
    byStrategy: topOf(byStrategy),
    byOutcome,
    topFields: topOf(byPart(counts, 'conflictField')),
  }
}
