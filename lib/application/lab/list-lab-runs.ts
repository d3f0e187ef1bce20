import { z } from 'zod'
import type { LabReport } from '#lib/engine/lab/lab-report.ts'
import { LAB_LOST_AFTER_MS } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { LabRun } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { itemList, pageInput, pageRequest, rangeInput, type ItemList } from '../page.ts'
import { LOST } from './start-lab-run.ts'

export const labRunsQuery = z.strictObject({ ...pageInput, ...rangeInput, collection: uuid.optional() })

/** GET /lab/runs: newest first, without what they found. @throws ApplicationError `not_found`, `bad_request` */
export async function listLabRuns(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<LabRun>> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'viewer')
  const {
    collection = null,
    from = 0,
    to = ctx.clock.now() + 1,
    ...page
  } = parsedOrThrow(labRunsQuery, input.query)
  const filter = { collectionId: collection, fromMs: from, toMs: to }
  const nowMs = ctx.clock.now()
  return itemList(await ctx.storage.lab.list(fleetId, filter, pageRequest(page)), (run) => asItIs(run, nowMs))
}

export interface LabRunFound extends LabRun {
  /** Null while it runs, and where it found nothing. */
  readonly report: LabReport | null
}

/** GET /lab/runs/:id. @throws ApplicationError `not_found` */
export async function getLabRun(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<LabRunFound> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const run = await ctx.storage.lab.get(fleetId, id)
  if (!run) throw new ApplicationError('not_found')
  return { ...asItIs(run, ctx.clock.now()), report: run.report }
}

/** One whose process has said nothing for long has ended with it, though nobody wrote that down yet. Pure. */
function asItIs(run: LabRun, nowMs: number): LabRun {
  if (run.state !== 'running' || nowMs - run.toldAtMs < LAB_LOST_AFTER_MS) return run
  return { ...run, state: 'failed', problem: LOST, endedAtMs: run.toldAtMs }
}
