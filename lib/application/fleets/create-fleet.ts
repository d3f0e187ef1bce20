import { z } from 'zod'
import type { Fleet } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorizeEverywhere } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { requireOrdered } from '../thresholds-input.ts'
import {
  FLEET_SETTINGS_DEFAULT,
  fleetName,
  limitsOfFleet,
  settingsInput,
  settingsWith,
} from './fleet-input.ts'

export const fleetInput = z.strictObject({ name: fleetName, settings: settingsInput.optional() })

/** @throws ApplicationError `forbidden`, `bad_request`, `already_exists` */
export async function createFleet(
  ctx: Context,
  input: { readonly actor: Actor; readonly body: unknown },
): Promise<Fleet> {
  authorizeEverywhere(input.actor, 'admin')
  const { name, settings } = parsedOrThrow(fleetInput, input.body)
  const fleet: Fleet = {
    id: ctx.ids(),
    name,
    epoch: 1,
    configVersion: 1,
    settings: settingsWith(FLEET_SETTINGS_DEFAULT, settings ?? {}),
    createdAtMs: ctx.clock.now(),
  }
  requireOrdered(limitsOfFleet(fleet), '/settings/thresholds')
  const audit = auditEntry(ctx, input.actor, {
    action: 'fleet.create',
    target: fleet.id,
    fleetId: fleet.id,
    after: { name },
  })
  if ((await ctx.storage.fleets.create(fleet, audit)) === 'name_taken')
    throw new ApplicationError('already_exists')
  ctx.metrics.addFleet(fleet.id)
  return fleet
}
