import { ALL_DEVICES, TIER_MS } from '#lib/rollups/bucket.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'
import type { Annotation, AnnotationKind } from '#lib/telemetry/annotations.ts'
import { gathered } from '#lib/telemetry/annotations.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { LOWEST_ID } from '../page.ts'
import { readVersionStarts } from './read-buckets.ts'
import { breakerTurns } from '../breakers/turns.ts'
import type { RangeQuery } from './window.ts'
import { wholeRange } from './window.ts'

/** Of one kind in a range: more would be a grey wall. */
const ENTRIES_MAX = 100

const KIND_OF: readonly (readonly [action: string, kind: AnnotationKind])[] = [
  ['collection.publish', 'schema'],
  ['dead-letter.replay', 'replay'],
]

/**
 * What was done to a fleet in a range: app versions released, as somebody told or else when they were heard for the first
 * time, schemas published, dead letters replayed, breakers that tripped, or that people held and let go.
 */
export async function annotationsIn(
  ctx: Pick<TelemetryContext, 'storage' | 'clock'>,
  query: RangeQuery,
): Promise<readonly Annotation[]> {
  const { storage } = ctx
  const { fleetId } = query
  const range = wholeRange(query, ctx.clock.now())
  const page = { limit: ENTRIES_MAX, cursor: { atMs: range.toMs, id: LOWEST_ID } }
  const [told, first, audited, turns] = await Promise.all([
    storage.releases.list(fleetId),
    firstHeardIn(ctx, fleetId, range),
    Promise.all(
      KIND_OF.map(async ([action, kind]) => {
        const { items } = await storage.audit.list({ fleetId, action }, page)
        return items.filter(({ outcome }) => outcome === 'done').map((entry) => ofEntry(entry, kind))
      }),
    ),
    breakerTurns(storage, fleetId, range, ENTRIES_MAX),
  ])
  const releases = told.map(({ version, releasedAtMs }) => releaseOf(version, releasedAtMs))
  for (const { version } of told) first.delete(version)
  const heard = await Promise.all(
    [...first].map(async ([version, atMs]) =>
      releaseOf(version, await firstMinute(ctx, fleetId, version, atMs, range)),
    ),
  )
  return gathered([...releases, ...heard, ...audited.flat(), ...turns], range)
}

const releaseOf = (what: string, atMs: number): Annotation => ({ atMs, kind: 'release', what, count: 1 })

interface Range {
  readonly fromMs: number
  readonly toMs: number
}
/**
 * Versions of this range that the same length of time before doesn't have, by the start of the bucket, of an hour at
 * most, in which each comes first. With no telemetry there, nothing is new.
 */
async function firstHeardIn(
  { storage }: Pick<TelemetryContext, 'storage'>,
  fleetId: string,
  { fromMs, toMs }: Range,
): Promise<Map<string, number>> {
  const [heard, before] = await Promise.all([
    readVersionStarts(storage.telemetry, fleetId, { fromMs, toMs }),
    readVersionStarts(storage.telemetry, fleetId, { fromMs: 2 * fromMs - toMs, toMs: fromMs }),
  ])
  if (before.size === 0) return new Map()
  return new Map([...heard].filter(([version]) => version !== ALL_DEVICES && !before.has(version)))
}

/** The minute of an hour in which a version comes first; the hour's start where minutes are kept no more. */
async function firstMinute(
  { storage }: Pick<TelemetryContext, 'storage'>,
  fleetId: string,
  version: string,
  hourMs: number,
  { toMs }: Range,
): Promise<number> {
  const minutes = { fromMs: hourMs, toMs: Math.min(hourMs + TIER_MS.hour, toMs), stepMs: TIER_MS.minute }
  return (await readVersionStarts(storage.telemetry, fleetId, minutes)).get(version) ?? hourMs
}

function ofEntry({ atMs, after }: AuditEntry, kind: AnnotationKind): Annotation {
  if (kind !== 'schema') return { atMs, kind, what: null, count: 1 }
  const { name, schemaVersion } = (after ?? {}) as Partial<Record<string, unknown>>
  const what = typeof name === 'string' ? `${name} v${String(schemaVersion)}` : null
  return { atMs, kind, what, count: 1 }
}
