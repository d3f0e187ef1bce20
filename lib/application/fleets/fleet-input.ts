import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import type { Fleet, FleetSettings } from '#lib/storage/ports.ts'
import { DEFAULT_THRESHOLDS, type Thresholds, thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { thresholdsInput, thresholdsWith } from '../thresholds-input.ts'

const DAY_MS = 86_400_000
const ORIGINS_MAX = 50

/** Defaults of the backoff (BO1). */
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

export const fleetName = label(120).refine(
  (text) => text.trim() !== '',
  'must have a character that can be seen',
)

/** What a person may set of a fleet; what is left out stays as it is. */
export const settingsInput = z.strictObject({
  intervalMs: wait(100).optional(),
  backoff: z
    .strictObject({ baseMs: wait(10), capMs: wait(100) })
    .refine(({ baseMs, capMs }) => baseMs <= capMs, 'capMs must be at least baseMs')
    .optional(),
  minAppVersion: label(40).nullable().optional(),
  allowedOrigins: z.array(origin).max(ORIGINS_MAX).optional(),
  rateLimits: z.strictObject({ devicePerMinute: perMinute, fleetPerMinute: perMinute }).optional(),
  fullSyncs: z.strictObject({ perMinute, burst: z.int().min(1).max(10_000) }).optional(),
  secondPersonAbove: z.int().min(0).max(100_000_000).optional(),
  thresholds: thresholdsInput.optional(),
})

export const settingsWith = (
  before: FleetSettings,
  { rateLimits, fullSyncs, secondPersonAbove, thresholds, ...rest }: z.infer<typeof settingsInput>,
): FleetSettings => ({
  intervalMs: rest.intervalMs ?? before.intervalMs,
  backoff: rest.backoff ?? before.backoff,
  minAppVersion: rest.minAppVersion === undefined ? before.minAppVersion : rest.minAppVersion,
  allowedOrigins: rest.allowedOrigins ?? before.allowedOrigins,
  ...((rateLimits ?? before.rateLimits) && { rateLimits: rateLimits ?? before.rateLimits }),
  ...((fullSyncs ?? before.fullSyncs) && { fullSyncs: fullSyncs ?? before.fullSyncs }),
  ...((secondPersonAbove ?? before.secondPersonAbove) !== undefined && {
    secondPersonAbove: secondPersonAbove ?? before.secondPersonAbove,
  }),
  ...((thresholds ?? before.thresholds) && {
    thresholds: thresholdsWith(before.thresholds ?? {}, thresholds ?? {}),
  }),
})

/** What a fleet is judged by where it sets nothing itself. */
export const DEFAULT_LIMITS: Thresholds = DEFAULT_THRESHOLDS

/** The limits of the fleet as a whole; a collection may have its own. */
export const limitsOfFleet = ({ settings }: Pick<Fleet, 'settings'>): Thresholds =>
  thresholdsOf(settings.thresholds)
