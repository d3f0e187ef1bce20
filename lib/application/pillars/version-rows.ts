import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import { mergeOf, sumOf } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { COUNTER, SKETCH } from '#lib/rollups/counters.ts'
import { quantile } from '#lib/rollups/sketch.ts'
import type { VersionNow } from '#lib/telemetry/fleet-now.ts'
import type { VersionRow } from '#lib/telemetry/overview.ts'
import { REQUESTS_FOR_RATE_MIN } from '#lib/telemetry/thresholds.ts'
import { shareOf } from './pillar.ts'

export const SPARKLINE_HOURS = 24

/**
 * One row per app version that has a device or an open dead letter, most devices first, at most 100.
 * @param now at most as many, most devices first: what isn't among a hundred of them cannot be in the rows either
 * @param openLetters of each app version
 * @param hours buckets of each of the last 24 hours, oldest first
 */
export function versionRows(
  now: readonly VersionNow[],
  buckets: readonly Bucket[],
  hours: readonly (readonly Bucket[])[],
  openLetters: Readonly<Record<string, number>>,
): readonly VersionRow[] {
  const byName = new Map(now.map((version) => [version.appVersion, version]))
  const ofRange = groupBy(buckets, ({ key }) => key.appVersion)
  const names = new Set([...byName.keys(), ...Object.keys(openLetters)])
  const rows = [...names].map((appVersion): VersionRow => {
    const version = byName.get(appVersion)
    const inRange = ofRange.get(appVersion) ?? []
    return {
      appVersion,
      devices: version?.devices ?? 0,
      uploadLagP95Ms: quantile(mergeOf(inRange, SKETCH.uploadLag), 0.95),
      conflicts: shareOf(sumOf(inRange, COUNTER.conflicts), sumOf(inRange, COUNTER.pushed)),
      failures: shareOf(
        sumOf(inRange, COUNTER.failures),
        sumOf(inRange, COUNTER.requests),
        REQUESTS_FOR_RATE_MIN,
      ),
      deadLetters: openLetters[appVersion] ?? 0,
      pendingAgeP95Ms: version?.pendingAgeP95Ms ?? null,
      pendingAgeOfflineP95Ms: version?.pendingAgeOfflineP95Ms ?? null,
      deadLettersByHour: hours.map((hour) => deadLettersIn(hour, appVersion)),
    }
  })
  rows.sort((a, b) => b.devices - a.devices || (a.appVersion < b.appVersion ? 1 : -1))
  return rows.slice(0, APP_VERSIONS_LIVE_MAX)
}

/** Null for an hour without any telemetry of the fleet. */
function deadLettersIn(hour: readonly Bucket[], appVersion: string): number | null {
  if (hour.length === 0) return null
  return sumOf(
    hour.filter(({ key }) => key.appVersion === appVersion),
    COUNTER.mutations('dead_lettered'),
  )
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
