import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

export interface FleetCounts {
  /** Enrolled and not revoked. */
  readonly devices: number
  readonly deadLettersOpen: number
  /** Those that wait for a person. */
  readonly conflictsOpen: number
}

/** The counts that stand beside a fleet's name. @throws ApplicationError `not_found` */
export async function countFleet(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<FleetCounts> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'viewer')
  const [devices, deadLettersOpen, conflictsOpen] = await Promise.all([
    ctx.storage.devices.countEnrolled(fleetId),
    ctx.storage.deadLetters.countOpen(fleetId),
    ctx.storage.conflicts.countOpen(fleetId),
  ])
  return { devices, deadLettersOpen, conflictsOpen }
}
