import { LAB_CONFLICTS_MAX, LAB_LOST_AFTER_MS, LAB_RUNS_KEPT } from '#lib/protocol/limits.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { LabRun } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import { requireOneMerge } from '../collections/collection-input.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { labRunInput } from './lab-input.ts'
import { runLab } from './run-lab.ts'

/** In one fleet, since each takes what a processor has. */
const RUNS_AT_ONCE = 1
const RETRY_AFTER_MS = 5_000
export const LOST = 'its process ended before it was done; start it again'

/**
 * POST /lab/runs: begins to replay the recorded conflicts of a collection, and answers at once. What it finds, and how far it
 * is, GET /lab/runs/ID tells.
 * @throws ApplicationError `forbidden`, `bad_request`, `not_found`, `rate_limited` while another run of the fleet goes on
 */
export async function startLabRun(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<LabRun> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const asked = parsedOrThrow(labRunInput, input.body)
  const { from: fromMs, to: toMs, clocksOffMs = 0, proposed = null } = asked
  if (fromMs >= toMs) throw badRequest([{ path: '/to', message: 'must be after from' }])
  if (proposed !== null) requireOneMerge(proposed)
  const collection = await ctx.storage.collections.get(fleetId, asked.collection)
  if (!collection) throw new ApplicationError('not_found')
  const nowMs = ctx.clock.now()
  // Before it was made there may have been a namesake, whose conflicts are none of it.
  const range = { collection: collection.name, fromMs: Math.max(fromMs, collection.createdAtMs), toMs }
  const run: LabRun = {
    id: ctx.ids(),
    fleetId,
    collectionId: collection.id,
    input: { fromMs, toMs, clocksOffMs, proposed },
    state: 'running',
    looked: 0,
    total: await ctx.storage.lab.count(fleetId, range, LAB_CONFLICTS_MAX),
    problem: null,
    actor: { kind: actor.kind, id: actor.id, name: actor.name },
    createdAtMs: nowMs,
    toldAtMs: nowMs,
    endedAtMs: null,
  }
  const after = { ...run.input, collection: collection.name } as unknown as Json
  const begun = await ctx.storage.lab.begin(
    run,
    { kept: LAB_RUNS_KEPT, atOnce: RUNS_AT_ONCE, goneBeforeMs: nowMs - LAB_LOST_AFTER_MS, lost: LOST },
    auditEntry(ctx, actor, { action: 'lab.run', target: collection.id, fleetId, after }),
  )
  if (begun === 'busy')
    throw new ApplicationError('rate_limited', {
      detail: 'another run of the lab goes on in this fleet: wait until it is done, or stop it',
      retryAfterMs: RETRY_AFTER_MS,
    })
  void runLab(ctx, run, range)
  return run
}
