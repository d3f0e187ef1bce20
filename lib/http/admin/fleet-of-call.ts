import { authorize, isAtLeast, roleIn } from '#lib/application/access/authorize.ts'
import type { Actor, Context, Role } from '#lib/application/context.ts'
import { ApplicationError, badRequest, isApplicationError } from '#lib/application/errors.ts'
import { listFleets } from '#lib/application/fleets/list-fleets.ts'
import { isUuid } from '#lib/kernel/uuid.ts'

/** A call that names an id but no fleet is tried in each; who has more than these must name it. */
const FLEETS_TRIED_MAX = 50

interface Wanted {
  readonly actor: Actor
  readonly role: Role
  /** As the query or the body names it. */
  readonly fleet: unknown
  /** The path names one thing, whose fleet can be found. */
  readonly hasId: boolean
}

/**
 * The fleets that a call may be about, authorized: the named one, or the only one that the caller can see. An id
 * without a fleet is looked for in each.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`
 */
export async function fleetsOfCall(
  ctx: Context,
  { actor, role, fleet, hasId }: Wanted,
): Promise<readonly string[]> {
  if (fleet !== undefined) {
    if (!isUuid(fleet)) throw badRequest([{ path: '/fleet', message: 'must be the id of a fleet' }])
    authorize(actor, fleet, role)
    if (!(await ctx.storage.fleets.get(fleet))) throw new ApplicationError('not_found')
    return [fleet]
  }
  const visible = (await listFleets(ctx, { actor })).map(({ id }) => id)
  if (visible.length === 0) throw new ApplicationError('not_found')
  if (visible.length > 1 && !hasId)
    throw badRequest([{ path: '/fleet', message: 'must name one of the fleets' }])
  const allowed = visible.filter((id) => isAtLeast(roleIn(actor, id), role))
  if (allowed.length === 0) throw new ApplicationError('forbidden')
  if (allowed.length > FLEETS_TRIED_MAX)
    throw badRequest([{ path: '/fleet', message: `must name one of the ${allowed.length} fleets` }])
  return allowed
}

/** Runs the verb in the first of these fleets that knows the thing. */
export async function inFirst<T>(
  fleetIds: readonly string[],
  verb: (fleetId: string) => Promise<T>,
): Promise<T> {
  for (const fleetId of fleetIds.slice(0, -1)) {
    try {
      return await verb(fleetId)
    } catch (error) {
      if (!isApplicationError(error) || error.tidemarkCode !== 'not_found') throw error
    }
  }
  const last = fleetIds.at(-1)
  if (last === undefined) throw new ApplicationError('not_found')
  return verb(last)
}
