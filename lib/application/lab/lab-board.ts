import { costOf, type LabColumn, type LabReport, type LabWeights } from '#lib/engine/lab/lab-report.ts'
import type { LabRun, StoredWeights } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { isApplicationError } from '../errors.ts'
import { LAB_RUNS_KEPT } from '#lib/protocol/limits.ts'
import { getLabWeights } from './lab-weights.ts'
import { getLabRun, listLabRuns, type LabRunFound } from './list-lab-runs.ts'

/** One way to settle conflicts beside the others, with what it costs. */
export interface LabRow extends LabColumn {
  /** Of one conflict, by the collection's weights; null where none could be replayed. */
  readonly costEach: number | null
  readonly isCheapest: boolean
}
export type LabFindingName = keyof LabColumn['examples']

/** A run as the console shows it. */
export interface LabBoard {
  /** Newest first. */
  readonly runs: readonly LabRun[]
  /** The one that was asked for, or the newest; null where there is none. */
  readonly run: LabRunFound | null
  readonly weights: StoredWeights
  /** As it is set first; empty while there is no report. */
  readonly rows: readonly LabRow[]
  readonly fields: LabReport['fields']
}

/** What the lab's page shows of one collection. @throws ApplicationError `not_found` for the collection */
export async function labBoard(
  ctx: Context,
  input: {
    readonly actor: Actor
    readonly fleetId: string
    readonly collectionId: string
    readonly runId: string | null
  },
): Promise<LabBoard> {
  const { actor, fleetId, collectionId, runId } = input
  authorize(actor, fleetId, 'viewer')
  const query = { collection: collectionId, limit: String(LAB_RUNS_KEPT) }
  const [weights, { items: runs }] = await Promise.all([
    getLabWeights(ctx, { actor, fleetId, id: collectionId }),
    listLabRuns(ctx, { actor, fleetId, query }),
  ])
  const named = runId === null ? null : await ofCollection(ctx, { actor, fleetId, id: runId }, collectionId)
  const newest = runs[0]
  const run =
    named ?? (newest ? await ofCollection(ctx, { actor, fleetId, id: newest.id }, collectionId) : null)
  return {
    runs,
    run,
    weights,
    rows: run?.report ? labRows(run.report.columns, weights.weights) : [],
    fields: run?.report?.fields ?? [],
  }
}

/** A link to a run that is kept no more, or to another collection's, names none. */
async function ofCollection(
  ctx: Context,
  asked: Parameters<typeof getLabRun>[1],
  collectionId: string,
): Promise<LabRunFound | null> {
  const run = await getLabRun(ctx, asked).catch((error: unknown) => {
    if (isApplicationError(error) && error.tidemarkCode === 'not_found') return null
    throw error
  })
  return run?.collectionId === collectionId ? run : null
}

/** [LB6] The columns with what each costs; the cheapest is one that replayed something. Pure. */
export function labRows(columns: readonly LabColumn[], weights: LabWeights): readonly LabRow[] {
  const costs = columns.map(({ counts }) =>
    counts.conflicts === 0 ? null : costOf(counts, weights) / counts.conflicts,
  )
  const least = Math.min(...costs.map((cost) => cost ?? Infinity))
  return columns.map((column, n) => {
    const costEach = costs[n] ?? null
    return { ...column, costEach, isCheapest: costEach !== null && costEach === least }
  })
}
