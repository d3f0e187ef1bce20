import { z } from 'zod'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'
import type { BreakerControl } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { badRequest, parsedOrThrow } from '../errors.ts'
import type { BreakerInput } from './control.ts'
import { commandedScope, controlSeen, controlVersion, overrideReason, saveControl } from './control.ts'

const HOUR_MS = 3_600_000
const share = z.number().gt(0).max(1)

/** What a scope may have of its own; null takes the common ones again, what is left out stays. */
export const breakerSettingsInput = z.strictObject({
  failureRateMax: share.optional(),
  slowRateMax: share.optional(),
  slowMs: z.int().min(100).max(60_000).optional(),
  callsMin: z.int().min(1).max(100_000).optional(),
  openMs: z.int().min(1_000).max(HOUR_MS).optional(),
  openMsMax: z.int().min(1_000).max(HOUR_MS).optional(),
  probes: z.int().min(1).max(100).optional(),
})
export const configInput = z.strictObject({
  settings: breakerSettingsInput.nullable(),
  reason: overrideReason,
  version: controlVersion,
})

/**
 * PATCH /breakers/:scope/config: when a scope trips, and how it is tried. The window stays a minute (BR2).
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `stale_version`
 */
export async function configureBreaker(ctx: Context, input: BreakerInput): Promise<BreakerControl> {
  const { actor } = input
  const scope = await commandedScope(ctx, input, 'admin')
  const { settings, reason, version } = parsedOrThrow(configInput, input.body)
  const before = await controlSeen(ctx, scope, version)
  const given =
    settings && Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  const next = given && { ...before.settings, ...given }
  const { openMs, openMsMax } = { ...BREAKER_SETTINGS, ...next }
  if (openMs > openMsMax) throw badRequest([{ path: '/settings/openMsMax', message: 'is less than openMs' }])
  return saveControl(ctx, { before, next: { settings: next }, actor, action: 'breaker.configure', reason })
}
