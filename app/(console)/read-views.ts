import { isAtLeast, roleIn } from '#lib/application/access/authorize.ts'
import { listViews } from '#lib/application/views/list-views.ts'
import { mayChange } from '#lib/application/views/view-input.ts'
import type { SavedViewsProps } from './saved-views.tsx'
import type { Visit } from './viewer.ts'

/** The views of a page, as whoever looks sees them. */
export async function readViews(at: Visit, page: SavedViewsProps['page']): Promise<SavedViewsProps> {
  const { actor, fleet, ctx } = at
  const views = await listViews(ctx, { actor, fleetId: fleet.id, page })
  return {
    page,
    fleetId: fleet.id,
    mayShare: isAtLeast(roleIn(actor, fleet.id), 'operator'),
    views: views.map((view) => ({
      id: view.id,
      name: view.name,
      params: view.params,
      shared: view.shared,
      ownerName: view.ownerName,
      mayChange: mayChange(actor, view),
    })),
  }
}
