import { z } from 'zod'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { Fleet } from '#lib/storage/ports.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { orderIssues, requireOrdered } from '../thresholds-input.ts'
import { fleetName, limitsOfFleet, settingsInput, settingsWith } from './fleet-input.ts'

export const fleetChange = z.strictObject({
  name: fleetName.optional(),
  settings: settingsInput.optional(),
  /** The one that the change was made on; left out, the change is laid over whatever there is. */
  configVersion: z.int().min(1).optional(),
})

/** @throws ApplicationError `not_found` */
export async function getFleet(
  ctx: Pick<Context, 'storage'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<Fleet> {
  authorize(actor, id, 'viewer')
  const fleet = await ctx.storage.fleets.get(id)
  if (!fleet) throw new ApplicationError('not_found')
  return fleet
}

/**
 * PATCH /fleets/:id: name, allowed origins, least app version, pace, thresholds. Devices
 * are told by a new `Tidemark-Config`; where nothing changes, it stays.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `stale_version`, `already_exists`
 */
export async function changeFleet(
  ctx: Context,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<Fleet> {
  const { name, settings, configVersion } = parsedOrThrow(fleetChange, body)
  authorize(actor, id, 'admin')
  const before = await getFleet(ctx, { actor, id })
  if (configVersion !== undefined && configVersion !== before.configVersion)
    throw new ApplicationError('stale_version', { extra: { configVersion: before.configVersion } })
  const next: Fleet = {
    ...before,
    name: name ?? before.name,
    settings: settingsWith(before.settings, settings ?? {}),
    configVersion: before.configVersion + 1,
  }
  if (settings?.thresholds) await requireOrder(ctx, next)
  const shown = (fleet: Fleet) => ({ name: fleet.name, settings: JSON.parse(JSON.stringify(fleet.settings)) })
  if (jsonEqual(shown(next), shown(before))) return before
  const audit = auditEntry(ctx, actor, {
    action: 'fleet.change',
    target: id,
    fleetId: id,
    before: shown(before),
    after: shown(next),
  })
  const outcome = await ctx.storage.fleets.update(next, audit)
  if (outcome === 'stale') throw new ApplicationError('stale_version')
  if (outcome === 'name_taken') throw new ApplicationError('already_exists')
  ctx.directory.forget()
  return next
}

/** In the fleet as a whole, and in each collection that has thresholds of its own beside the fleet's. */
async function requireOrder(ctx: Pick<Context, 'storage'>, fleet: Fleet): Promise<void> {
  const at = '/settings/thresholds'
  requireOrdered(limitsOfFleet(fleet), at)
  const collections = await ctx.storage.collections.list(fleet.id)
  const issues = collections.flatMap(({ name, thresholds }) =>
    orderIssues(thresholdsOf(fleet.settings.thresholds, thresholds), at).map(({ path, message }) => ({
      path,
      message: `with what collection ${name} has of its own, it ${message}`,
    })),
  )
  if (issues.length > 0) throw badRequest(issues)
}
