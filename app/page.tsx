import { redirect } from 'next/navigation'
import { isStorageError } from '#lib/application/errors.ts'
import { findViewer } from './(console)/viewer.ts'

/** A day's chart of a fleet this young would be one gap, so the first look is at its last hour. */
const FLEET_YOUNG_MS = 6 * 3_600_000

/** Where signing in leads: the overview of the first fleet. */
export default async function FrontPage() {
  const viewer = await findViewer().catch((error: unknown) => {
    // The console's frame says so, and goes on from there when the database is back.
    if (isStorageError(error, 'storage_unavailable')) redirect('/overview')
    throw error
  })
  if (viewer === null) redirect('/sign-in')
  const fleet = viewer.fleets[0]
  const young = fleet !== undefined && viewer.ctx.clock.now() - fleet.createdAtMs < FLEET_YOUNG_MS
  redirect(young ? '/overview?range=1h' : '/overview')
}
