import { z } from 'zod'
import { hasHalfPair, withoutHalfPairs } from '#lib/kernel/half-pairs.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { orNull, uuid } from './mutation.ts'
import { AWAITED_MAX, CONFLICTS_ASKED_MAX } from './limits.ts'
import { deviceReport } from './report.ts'
import type { BusinessRule, UpMigration } from './rules.ts'

export const PLATFORMS = ['ios', 'android', 'windows', 'macos', 'linux', 'web', 'gateway', 'other'] as const
export type Platform = (typeof PLATFORMS)[number]

/** A text of one line. */
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), 'must have no control characters')

/** Text for people and labels: no control characters, trimmed by the sender. Half a surrogate pair is kept as U+FFFD. */
export const label = (max: number) => line(max).overwrite(withoutHalfPairs)

/** What names one thing and no other: where a mark in the place of half a surrogate pair would make two names one. */
export const labelOfOne = (max: number) =>
  line(max).refine((text) => !hasHalfPair(text), 'must have no half of a surrogate pair')

/** Written out, since the SDK's types stand without the schema library. */
export interface DeviceInfo {
  readonly name: string
  readonly platform: Platform
  readonly appVersion: string
  readonly model?: string | undefined
  readonly os?: string | undefined
}
/** One that we don't know is `other`: it shuts nobody out. */
export const platformNamed = (text: string): Platform =>
  PLATFORMS.find((name) => name === text.toLowerCase()) ?? 'other'

export const deviceInfo = z.object({
  name: label(120).refine((text) => text.trim() !== '', 'must not be blank'),
  platform: label(40)
    .describe(`${PLATFORMS.join(', ')}, in any case; another name is kept as other, also where a rule asks`)
    .transform(platformNamed),
  appVersion: label(40),
  model: orNull(label(120)),
  os: orNull(label(120)),
}) satisfies z.ZodType<DeviceInfo>

export const enrollRequest = z.object({
  requestId: uuid,
  deviceId: orNull(uuid),
  device: deviceInfo,
  formerDeviceId: orNull(uuid),
  formerToken: orNull(z.string().max(200)),
})
export type EnrollRequest = z.infer<typeof enrollRequest>

/**
 * `conflicts` are asked about: which of them were decided (CS6), and which a restore took (TK6). So are `awaited` changes, which others handed to this
 * device: what became of each (SDK7). `deviceId` is who made it, as it was handed over.
 */
export const heartbeatRequest = z.object({
  report: deviceReport,
  conflicts: orNull(z.array(uuid).max(CONFLICTS_ASKED_MAX)),
  awaited: orNull(z.array(z.object({ id: uuid, deviceId: uuid })).max(AWAITED_MAX)),
})

/**
 * `applied`: the server's record holds it. `refused`: it waits as a dead letter. `discarded`: its letter was, or another
 * form or side was kept. `revoked`: it never came, and its author may send nothing more. All else is `unknown`.
 */
export const CHANGE_FATES = ['applied', 'refused', 'discarded', 'revoked', 'unknown'] as const
export type ChangeFate = (typeof CHANGE_FATES)[number]

export const STRATEGIES = ['lww', 'fww', 'field-merge', 'crdt', 'ot', 'manual'] as const
export type StrategyName = (typeof STRATEGIES)[number]
export const TIE_RULES = ['lww', 'fww', 'manual'] as const
export type TieRule = (typeof TIE_RULES)[number]
export type JsonSchema = JsonObject | boolean

/** A collection as a device needs it to check and merge locally. */
export interface CollectionConfig {
  readonly name: string
  readonly strategy: StrategyName
  readonly fieldStrategies: Readonly<Record<string, StrategyName>>
  readonly tieRule: TieRule
  readonly schema: JsonSchema
  readonly schemaVersion: number
  readonly rules: readonly BusinessRule[]
  /** For documents of an older schema version that the device still holds. */
  readonly upMigrations: readonly UpMigration[]
  readonly access: 'read' | 'write'
}

export interface DeviceConfig {
  readonly version: number
  readonly collections: readonly CollectionConfig[]
  readonly sync: {
    readonly intervalMs: number
    readonly backoff: { readonly baseMs: number; readonly capMs: number }
  }
  readonly minAppVersion: string | null
}

export interface EnrollResponse {
  readonly deviceId: string
  readonly fleetId: string
  readonly epoch: number
  readonly token: string
  readonly config: DeviceConfig
}

/** Header names of the device API. */
export const HEADERS = {
  app: 'tidemark-app',
  version: 'tidemark-version',
  now: 'tidemark-now',
  config: 'tidemark-config',
  epoch: 'tidemark-epoch',
  commands: 'tidemark-commands',
  report: 'tidemark-report',
  rateLimit: 'ratelimit',
  rateLimitPolicy: 'ratelimit-policy',
} as const

export const WIRE_VERSION = '1'
