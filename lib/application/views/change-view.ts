import { z } from 'zod'
import type { AuditEntry, SavedView } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { removalInput } from '../removal-input.ts'
import { full, isFull, isSeenBy, keptParams, mayChange, viewName, viewParams } from './view-input.ts'

export const viewChange = z.strictObject({
  name: viewName.optional(),
  params: viewParams.optional(),
  shared: z.boolean().optional(),
})

interface ViewCall {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}

/**
 * PATCH /views/:id: another name or address, or shared from now on or no longer.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `already_exists`
 */
export function changeView(ctx: Context, call: ViewCall): Promise<SavedView> {
  const { name, params, shared } = parsedOrThrow(viewChange, call.body)
  return save(ctx, call, 'change', null, (view, others) => {
    const next = {
      ...view,
      name: name ?? view.name,
      params: params === undefined ? view.params : keptParams(view.page, params),
      shared: shared ?? view.shared,
    }
    if (next.shared) authorize(call.actor, call.fleetId, 'operator')
    if (next.shared !== view.shared && isFull(next)(others)) throw full()
    return next
  })
}

/** DELETE /views/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export function removeView(ctx: Context, call: ViewCall): Promise<SavedView> {
  const { reason = null } = parsedOrThrow(removalInput, call.body)
  return save(ctx, call, 'remove', reason, () => null)
}

async function save(
  ctx: Context,
  { actor, fleetId, id }: ViewCall,
  verb: 'change' | 'remove',
  reason: string | null,
  changed: (view: SavedView, others: readonly SavedView[]) => SavedView | null,
): Promise<SavedView> {
  authorize(actor, fleetId, 'viewer')
  const shown = ({ page, name, params, shared }: SavedView) => ({ page, name, params, shared })
  const entry = (view: SavedView, next: SavedView | null): AuditEntry | null =>
    view.shared || next?.shared === true
      ? auditEntry(ctx, actor, {
          action: `view.${verb}`,
          target: id,
          fleetId,
          reason,
          before: shown(view),
          after: next && shown(next),
        })
      : null
  const saved = await ctx.storage.views.change(fleetId, id, (view, others) => {
    if (!isSeenBy(actor, view)) throw new ApplicationError('not_found')
    if (!mayChange(actor, view)) throw new ApplicationError('forbidden')
    const next = changed(view, others)
    return { next, audit: entry(view, next) }
  })
  if (saved === null) throw new ApplicationError('not_found')
  if (saved === 'name_taken') throw new ApplicationError('already_exists')
  return saved
}
