import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import type { Fleet, FleetSettings } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorizeEverywhere } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'

const DAY_MS = 86_400_000
const ORIGINS_MAX = 50

/** Defaults of engine.md, BO. */
export const FLEET_SETTINGS_DEFAULT: FleetSettings = {
  intervalMs: 60_000,
  backoff: { baseMs: 1_000, capMs: 300_000 },
  minAppVersion: null,
  allowedOrigins: [],
}

const wait = (minMs: number) => z.int().min(minMs).max(DAY_MS)
const perMinute = z.int().min(1).max(100_000_000)
const origin = z
  .string()
  .max(200)
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, 'must be an origin')

const fleetInput = z.strictObject({
  name: label(120),
  settings: z
    .strictObject({
      intervalMs: wait(100).optional(),
      backoff: z.strictObject({ baseMs: wait(10), capMs: wait(100) }).optional(),
      minAppVersion: label(40).nullable().optional(),
      allowedOrigins: z.array(origin).max(ORIGINS_MAX).optional(),
      rateLimits: z.strictObject({ devicePerMinute: perMinute, fleetPerMinute: perMinute }).optional(),
      fullSyncs: z.strictObject({ perMinute, burst: z.int().min(1).max(10_000) }).optional(),
    })
    .optional(),
})

/** @throws ApplicationError `forbidden`, `bad_request`, `already_exists` */
export async function createFleet(
  ctx: Context,
  input: { readonly actor: Actor; readonly body: unknown },
): Promise<Fleet> {
  authorizeEverywhere(input.actor, 'admin')
  const { name, settings } = parsedOrThrow(fleetInput.safeParse(input.body))
  const fleet: Fleet = {
    id: ctx.ids(),
    name,
    epoch: 1,
    configVersion: 1,
    settings: {
      intervalMs: settings?.intervalMs ?? FLEET_SETTINGS_DEFAULT.intervalMs,
      backoff: settings?.backoff ?? FLEET_SETTINGS_DEFAULT.backoff,
      minAppVersion: settings?.minAppVersion ?? null,
      allowedOrigins: settings?.allowedOrigins ?? [],
      ...(settings?.rateLimits && { rateLimits: settings.rateLimits }),
      ...(settings?.fullSyncs && { fullSyncs: settings.fullSyncs }),
    },
    createdAtMs: ctx.clock.now(),
  }
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
