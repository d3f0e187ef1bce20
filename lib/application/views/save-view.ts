import { z } from 'zod'
import type { SavedView } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { full, isFull, keptParams, VIEW_PAGES, viewName, viewParams } from './view-input.ts'

export const viewCreation = z.strictObject({
  page: z.enum(VIEW_PAGES),
  name: viewName,
  params: viewParams,
  /** With everyone in the fleet; for that one has to be an operator. */
  shared: z.boolean().optional(),
})

/**
 * POST /views: keeps the address of a list under a name. What is shared is audited.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `already_exists`
 */
export async function saveView(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<SavedView> {
  const { actor, fleetId } = input
  const { page, name, params, shared = false } = parsedOrThrow(viewCreation, input.body)
  authorize(actor, fleetId, shared ? 'operator' : 'viewer')
  const view: SavedView = {
    id: ctx.ids(),
    fleetId,
    page,
    name,
    params: keptParams(page, params),
    shared,
    ownerId: actor.id,
    ownerName: actor.name,
    createdAtMs: ctx.clock.now(),
  }
  const after = { page, name, params: view.params }
  const audit = shared
    ? auditEntry(ctx, actor, { action: 'view.share', target: view.id, fleetId, after })
    : null
  const outcome = await ctx.storage.views.add(view, isFull(view), audit)
  if (outcome === 'name_taken') throw new ApplicationError('already_exists')
  if (outcome === 'full') throw full()
  return view
}
