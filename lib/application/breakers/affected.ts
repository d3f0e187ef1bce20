import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import type { DeviceKey } from '#lib/query/device-fields.ts'
import type { Context } from '../context.ts'
import { OTHER_VERSIONS } from '../request-counter.ts'
import { filterOrThrow } from '../filter.ts'
import type { Scope } from './scopes.ts'
import { ENGINE_SCOPE, fleetOfScope, versionOfScope } from './scopes.ts'

const DAY_MS = 86_400_000
const MINUTES_COUNTED = 5
const MINUTE_MS = 60_000

/** Whom a command to a breaker meets. */
export interface Affected {
  /**
   * Devices that were heard of in the last day, but those that were revoked or paused, and those of other engines, which no
   * breaker meets. Of a collection or its backend the fleet's; of versions past the live ones all of versions without a place.
   */
  readonly devices: number
  /** There are more than were counted. */
  readonly isMore: boolean
  /** Requests a minute over the last five, or since the first process began, of all, those that were shed included. */
  readonly requestsPerMinute: number
}

export async function affectedBy(
  ctx: Pick<Context, 'storage' | 'clock' | 'requests'>,
  scope: Scope,
): Promise<Affected> {
  const nowMs = ctx.clock.now()
  const minutes = await ctx.storage.breakers.minutes(scope, nowMs - (MINUTES_COUNTED + 1) * MINUTE_MS, nowMs)
  const fromSecond = Math.floor(nowMs / 1_000) - MINUTES_COUNTED * 60
  const countedMs = Math.min(
    MINUTES_COUNTED * MINUTE_MS,
    Math.max(MINUTE_MS, nowMs - (await firstStartMs(ctx, nowMs))),
  )
  const requests = minutes
    .flatMap(({ seconds }) => seconds)
    .filter(({ second }) => second >= fromSecond)
    .reduce((sum, { calls, shed }) => sum + calls + shed, 0)
  const fleets =
    scope === ENGINE_SCOPE
      ? (await ctx.storage.fleets.list()).map(({ id }) => id)
      : [fleetOfScope(scope) ?? '']
  let [devices, isMore] = [0, false]
  for (const fleetId of fleets) {
    const counted = await activeDevices(
      ctx,
      fleetId,
      conditionsOf(scope, ctx.requests.liveVersions(fleetId)),
      nowMs,
    )
    devices += counted.matching
    isMore ||= counted.capped
  }
  return { devices, isMore, requestsPerMinute: Math.round((requests * MINUTE_MS) / countedMs) }
}

async function firstStartMs({ storage }: Pick<Context, 'storage'>, nowMs: number): Promise<number> {
  const processes = await storage.breakers.processes()
  return processes.reduce((first, { startedAtMs }) => Math.min(first, startedAtMs), nowMs)
}

/** Those that a breaker meets: active devices of our own engine. */
const MET: Filter<DeviceKey> = filterOrThrow('source:tidemark -state:revoked,paused', DEVICE_FIELDS)

function conditionsOf(scope: Scope, live: readonly string[]): Filter<DeviceKey> {
  const version = versionOfScope(scope)
  if (version === null) return MET
  return [
    ...MET,
    version === OTHER_VERSIONS
      ? { kind: 'is', key: 'version', not: true, values: live }
      : { kind: 'is', key: 'version', not: false, values: [version] },
  ]
}

async function activeDevices(
  { storage }: Pick<Context, 'storage'>,
  fleetId: string,
  conditions: Filter<DeviceKey>,
  nowMs: number,
): Promise<{ readonly matching: number; readonly capped: boolean }> {
  const fleet = await storage.fleets.get(fleetId)
  if (!fleet) return { matching: 0, capped: false }
  const { intervalMs } = fleet.settings
  return storage.devices.facets(fleetId, {
    fromMs: nowMs - DAY_MS,
    toMs: null,
    conditions,
    nowMs,
    intervalMs,
  })
}
