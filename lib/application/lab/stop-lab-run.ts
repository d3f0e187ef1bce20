import { z } from 'zod'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { getLabRun, type LabRunFound } from './list-lab-runs.ts'

export const stopLabRunInput = z.strictObject({})

/** POST /lab/runs/:id/stop: it finds nothing then; one that is over stays as it is. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function stopLabRun(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<LabRunFound> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  parsedOrThrow(stopLabRunInput, input.body ?? {})
  const run = await ctx.storage.lab.get(fleetId, id)
  if (!run) throw new ApplicationError('not_found')
  const end = { state: 'cancelled', problem: null, report: null, atMs: ctx.clock.now() } as const
  const told = { action: 'lab.stop', target: run.collectionId, fleetId, before: { run: id } }
  await ctx.storage.lab.end(fleetId, id, end, auditEntry(ctx, actor, told))
  return getLabRun(ctx, input)
}
