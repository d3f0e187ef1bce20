import { z } from 'zod'
import type { SavedView, ViewPage } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { isSeenBy, VIEW_PAGES } from './view-input.ts'

export const viewPage = z.enum(VIEW_PAGES)

/** The page that a query names, and the rest of it. @throws ApplicationError `bad_request` */
export function viewsOf({ page, ...query }: Readonly<Record<string, string>>): {
  readonly page: ViewPage
  readonly query: Readonly<Record<string, string>>
} {
  return { ...parsedOrThrow(z.strictObject({ page: viewPage }), { page }), query }
}

/** The views of a page that this actor sees: their own and the shared ones, by name. @throws ApplicationError `not_found` */
export async function listViews(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly page: ViewPage },
): Promise<readonly SavedView[]> {
  const { actor, fleetId, page } = input
  authorize(actor, fleetId, 'viewer')
  const views = await ctx.storage.views.list(fleetId, page)
  return views.filter((view) => isSeenBy(actor, view))
}
