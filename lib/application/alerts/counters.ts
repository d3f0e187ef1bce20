import type { Bucket, BucketKey } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS, ALL_DEVICES } from '#lib/rollups/bucket.ts'
import { byPart, COUNTER } from '#lib/rollups/counters.ts'
import type { AlertCounter } from '#lib/telemetry/alerts/measures.ts'
import { ALERT_COUNTERS } from '#lib/telemetry/alerts/measures.ts'
import type { Part } from '#lib/telemetry/alerts/signals.ts'

type Counters = Bucket['counters']

/** Under what names the rollups have what rules are about. */
const OF: Readonly<Record<AlertCounter, string | ((counters: Counters) => number)>> = {
  requests: COUNTER.requests,
  failures: COUNTER.failures,
  sessions: COUNTER.sessions,
  failedSessions: COUNTER.sessionsBy('failed'),
  fullSyncs: (counters) =>
    Object.values(byPart(counters, 'fullSyncsBy')).reduce((sum, count) => sum + count, 0),
  pushed: COUNTER.pushed,
  conflicts: COUNTER.conflicts,
  deadLettered: COUNTER.mutations('dead_lettered'),
  rejectedCredentials: COUNTER.rejectedCredentials,
}

/** What of a bucket rules may be about, without what is 0. */
export function alertCounters(counters: Counters): readonly (readonly [AlertCounter, number])[] {
  return ALERT_COUNTERS.flatMap((name) => {
    const of = OF[name]
    const value = typeof of === 'string' ? (counters[of] ?? 0) : of(counters)
    return value === 0 ? [] : [[name, value] as const]
  })
}

export const FLEET_PART: Part = { by: 'fleet', key: '' }

/** The parts that a bucket of all versions together counts for. */
export const partsOfTotal = ({ collection }: BucketKey): readonly Part[] =>
  collection === ALL_COLLECTIONS ? [FLEET_PART] : [FLEET_PART, { by: 'collection', key: collection }]

/** The same of one that is kept apart by version. */
export const partsOfVersion = ({ appVersion }: BucketKey): readonly Part[] =>
  appVersion === ALL_DEVICES ? [] : [{ by: 'version', key: appVersion }]

export const seriesName = (counter: AlertCounter, { by, key }: Part): string => `${counter} ${by} ${key}`
