import { byPart } from '#lib/rollups/counters.ts'
import type { Bucket, BucketKey } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS, ALL_DEVICES, TIER_MS } from '#lib/rollups/bucket.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { isAmong } from '#lib/query/field.ts'
import { asks } from '#lib/query/letter-fields.ts'
import type { CauseCount, CauseDimension } from '#lib/telemetry/alerts/cause.ts'
import { causeOf } from '#lib/telemetry/alerts/cause.ts'
import type { Evidence, EvidenceLink } from '#lib/telemetry/alerts/incident.ts'
import type { AlertCounter } from '#lib/telemetry/alerts/measures.ts'
import { measureOf } from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule, GroupLabels } from '#lib/telemetry/alerts/rule.ts'
import { subjectOf } from '#lib/telemetry/alerts/subject.ts'
import { readBuckets } from '../pillars/read-buckets.ts'
import type { Surroundings } from '../surroundings.ts'
import { alertCounters } from './counters.ts'

type Deps = Pick<Surroundings, 'storage'>

/** What went wrong lately, whatever the window of the rule: a cause of days ago is another incident's. */
const LOOKED_AT_MS = 30 * 60_000

/** Of what went wrong by these rules: how it is called, of what it is a part, and by which codes. */
interface Wrong {
  readonly part: AlertCounter
  readonly whole: AlertCounter
  readonly noun: string
  readonly codes: 'failuresBy' | 'deadLettersBy' | null
}
const WRONG: Readonly<Partial<Record<AlertCounter, Wrong>>> = {
  failures: { part: 'failures', whole: 'requests', noun: 'failed requests', codes: 'failuresBy' },
  failedSessions: { part: 'failedSessions', whole: 'sessions', noun: 'failed sessions', codes: null },
  deadLettered: { part: 'deadLettered', whole: 'pushed', noun: 'dead letters', codes: 'deadLettersBy' },
  conflicts: { part: 'conflicts', whole: 'pushed', noun: 'conflicts', codes: null },
  fullSyncs: { part: 'fullSyncs', whole: 'sessions', noun: 'full resyncs', codes: null },
}

/**
 * What stands out in what a rule fires for: which version, platform, collection and code hold most of it and more than their
 * share, and the view that shows it. The same comparison that the Overview makes between versions.
 */
export async function findEvidence(
  { storage }: Deps,
  fleetId: string,
  alert: { readonly rule: AlertRule; readonly group: GroupLabels },
  nowMs: number,
): Promise<Evidence> {
  const wrong = wrongOf(alert.rule)
  const subject = subjectOf(alert.group)
  if (wrong === null)
    return {
      cause: null,
      link: isOfLetters(alert.rule)
        ? await letterLink({ storage }, fleetId, { appVersion: null, collection: null }, nowMs)
        : linkOf(fleetId, alert.rule, subject),
    }
  const toMs = Math.floor(nowMs / TIER_MS.minute) * TIER_MS.minute + TIER_MS.minute
  const range = { fromMs: toMs - LOOKED_AT_MS, toMs, stepMs: TIER_MS.minute }
  const buckets = await readBuckets(storage.telemetry, fleetId, range, { split: 'full', parts: ['counters'] })
  const ours = buckets.filter(({ key }) => isOf(key, subject))
  const cause = causeOf([...countsOf(ours, wrong), ...codesOf(ours, wrong)], wrong.noun)
  const found = (dimension: CauseDimension): string | null =>
    cause?.findings.find((one) => one.dimension === dimension)?.key ?? null
  const part = {
    appVersion: subject.appVersion ?? found('appVersion'),
    collection: subject.collection ?? found('collection'),
  }
  const link =
    wrong.part === 'deadLettered'
      ? await letterLink({ storage }, fleetId, part, nowMs)
      : viewLink(fleetId, wrong, part)
  return { cause, link }
}

function wrongOf({ condition }: AlertRule): Wrong | null {
  if (!('measure' in condition)) return WRONG[condition.counter] ?? null
  const measure = measureOf(condition.measure)
  if (measure.kind === 'ratio') return WRONG[measure.part] ?? null
  return measure.kind === 'count' ? (WRONG[measure.counter] ?? null) : null
}

const isOf = (key: BucketKey, { collection, appVersion }: GroupLabels): boolean =>
  (appVersion === undefined || key.appVersion === appVersion) &&
  (collection === undefined || key.collection === collection)

const KEYED = {
  appVersion: ({ appVersion }: BucketKey) => (appVersion === ALL_DEVICES ? null : appVersion),
  platform: ({ platform }: BucketKey) => (platform === ALL_DEVICES ? null : platform),
  collection: ({ collection }: BucketKey) => (collection === ALL_COLLECTIONS ? null : collection),
} as const

function countsOf(buckets: readonly Bucket[], { part, whole }: Wrong): readonly CauseCount[] {
  const counts = new Map<string, { dimension: CauseDimension; key: string; part: number; whole: number }>()
  for (const bucket of buckets) {
    const counted = new Map(alertCounters(bucket.counters))
    for (const [dimension, keyOf] of Object.entries(KEYED)) {
      const key = keyOf(bucket.key)
      if (key === null) continue
      const name = `${dimension} ${key}`
      const of = counts.get(name) ?? { dimension: dimension as CauseDimension, key, part: 0, whole: 0 }
      counts.set(name, of)
      of.part += counted.get(part) ?? 0
      of.whole += counted.get(whole) ?? 0
    }
  }
  return [...counts.values()]
}

function codesOf(buckets: readonly Bucket[], { codes }: Wrong): readonly CauseCount[] {
  if (codes === null) return []
  const counts = new Map<string, number>()
  for (const { counters } of buckets)
    for (const [code, count] of Object.entries(byPart(counters, codes)))
      counts.set(code, (counts.get(code) ?? 0) + count)
  return [...counts].map(([key, part]) => ({ dimension: 'code', key, part, whole: null }))
}

interface Narrowed {
  readonly appVersion: string | null
  readonly collection: string | null
}

/** A group of letters that is most of them has a page of its own. */
async function letterLink(
  { storage }: Deps,
  fleetId: string,
  { appVersion, collection }: Narrowed,
  nowMs: number,
): Promise<EvidenceLink> {
  const conditions = [
    asks('status', 'open'),
    ...(appVersion === null ? [] : [isAmong('version' as const, appVersion)]),
    ...(collection === null ? [] : [isAmong('collection' as const, collection)]),
  ]
  const { groups, totals } = await storage.letterGroups.list(fleetId, { conditions, nowMs }, 1)
  const [group] = groups
  if (group !== undefined && group.count * 2 >= totals.letters)
    return {
      label: 'The group of these letters',
      path: pathOf('/dead-letters', fleetId, formatFilter([asks('group', group.id), asks('status', 'open')])),
    }
  return { label: 'These dead letters', path: pathOf('/dead-letters', fleetId, formatFilter(conditions)) }
}

function viewLink(fleetId: string, { part }: Wrong, { appVersion, collection }: Narrowed): EvidenceLink {
  const ofVersion = appVersion === null ? [] : [isAmong('version', appVersion)]
  if (part === 'conflicts') {
    const query = collection === null ? {} : { collection }
    return { label: 'Conflicts', path: pathOf('/pillars/conflicts', fleetId, '', query) }
  }
  const result = part === 'fullSyncs' ? isAmong('mode', 'full') : isAmong('result', 'failed')
  return {
    label: part === 'fullSyncs' ? 'Full resyncs' : 'Failed sessions',
    path: pathOf('/sessions', fleetId, formatFilter([result, ...ofVersion])),
  }
}

/** What waits for a person is mostly dead letters. */
const isOfLetters = ({ condition }: AlertRule): boolean =>
  condition.kind === 'threshold' && ['openDeadLetters', 'oldestUnresolved'].includes(condition.measure)

/** Of what is no share of anything: the page that shows it. */
function linkOf(
  fleetId: string,
  { name, groupBy }: AlertRule,
  { appVersion }: GroupLabels,
): EvidenceLink | null {
  if (groupBy === 'scope') return { label: 'Breakers', path: pathOf('/breakers', fleetId, '') }
  if (name === 'folding-behind' || name === 'rejected-credentials') return null
  const filter = appVersion === undefined ? [] : [isAmong('version', appVersion)]
  return { label: 'Devices', path: pathOf('/devices', fleetId, formatFilter(filter)) }
}

function pathOf(
  page: string,
  fleetId: string,
  q: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const params = new URLSearchParams({ fleet: fleetId, ...(q === '' ? {} : { q }), ...more })
  return `${page}?${params.toString()}`
}
