import {
  costOf,
  type LabColumn,
  type LabReport,
  type LabSettings,
  type LabWeights,
} from '#lib/engine/lab/lab-report.ts'
import { jsonEqual, type Json } from '#lib/kernel/json.ts'
import type { LabRun, StoredWeights } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { isApplicationError } from '../errors.ts'
import { LAB_RUNS_KEPT } from '#lib/protocol/limits.ts'
import { collectionOrThrow, getLabWeights } from './lab-weights.ts'
import { getLabRun, listLabRuns, type LabRunFound } from './list-lab-runs.ts'

/** One way to settle conflicts beside the others, with what it costs. */
export interface LabRow extends LabColumn {
  /** Of one conflict, by the collection's weights; null where none could be replayed. */
  readonly costEach: number | null
  /** Of those that could be replayed over (nearly) all conflicts. */
  readonly isCheapest: boolean
  /** The collection is set so now, which is not as it was when the run began where somebody changed it since. */
  readonly isNow: boolean
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
  const [collection, weights, { items: runs }] = await Promise.all([
    collectionOrThrow(ctx, fleetId, collectionId),
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
    rows: run?.report ? labRows(run.report.columns, weights.weights, collection) : [],
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

/** Of the conflicts of a run: what could replay fewer of them is not about the same, and its cost says nothing beside the others'. */
const COMPARED_MIN = 0.9

/**
 * [LB6] The columns with what each costs; the cheapest is one that could replay nearly all. Pure.
 * @param now how the collection is set
 */
export function labRows(
  columns: readonly LabColumn[],
  weights: LabWeights,
  now: LabSettings,
): readonly LabRow[] {
  const all = Math.max(0, ...columns.map(looked))
  const isCompared = ({ counts }: LabColumn): boolean =>
    counts.conflicts > 0 && counts.conflicts >= COMPARED_MIN * all
  const costOfOne = ({ counts }: LabColumn): number => costOf(counts, weights) / counts.conflicts
  const least = Math.min(...columns.filter(isCompared).map(costOfOne))
  return columns.map((column) => ({
    ...column,
    costEach: column.counts.conflicts === 0 ? null : costOfOne(column),
    isCheapest: isCompared(column) && costOfOne(column) === least,
    isNow: isSetSo(now, column.settings),
  }))
}

const looked = ({ counts }: LabColumn): number => counts.conflicts + counts.timeUnknown + counts.notReplayed

const isSetSo = (now: LabSettings, { strategy, tieRule, fieldStrategies }: LabSettings): boolean =>
  now.strategy === strategy &&
  now.tieRule === tieRule &&
  jsonEqual(now.fieldStrategies as Json, fieldStrategies as Json)
