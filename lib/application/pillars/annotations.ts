import { ALL_DEVICES } from '#lib/rollups/bucket.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'
import type { Annotation, AnnotationKind } from '#lib/telemetry/annotations.ts'
import { gathered } from '#lib/telemetry/annotations.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { LOWEST_ID } from '../page.ts'
import type { Window } from './window.ts'

/** Of one kind in a range: more would be a grey wall. */
const ENTRIES_MAX = 100

const KIND_OF: readonly (readonly [action: string, kind: AnnotationKind])[] = [
  ['collection.publish', 'schema'],
  ['dead-letter.replay', 'replay'],
]

/**
 * What was done to a fleet in a range: app versions released, as somebody told or else when they were heard for the first
 * time, schemas published, dead letters replayed.
 */
export async function annotationsIn(
  { storage }: Pick<TelemetryContext, 'storage'>,
  fleetId: string,
  window: Window,
): Promise<readonly Annotation[]> {
  const page = { limit: ENTRIES_MAX, cursor: { atMs: window.toMs, id: LOWEST_ID } }
  const told = await storage.releases.list(fleetId)
  const releases = told.map(({ version, releasedAtMs }) => releaseOf(version, releasedAtMs))
  const audited = await Promise.all(
    KIND_OF.map(async ([action, kind]) => {
      const { items } = await storage.audit.list({ fleetId, action }, page)
      return items.filter(({ outcome }) => outcome === 'done').map((entry) => ofEntry(entry, kind))
    }),
  )
  const heard = releasesHeardIn(window, new Set(told.map(({ version }) => version)))
  return gathered([...releases, ...heard, ...audited.flat()], window)
}

const releaseOf = (what: string, atMs: number): Annotation => ({ atMs, kind: 'release', what, count: 1 })

/**
 * Versions of this range that the same length of time before doesn't have, and whose release nobody `told` of. With no
 * telemetry there, nothing is new.
 */
function releasesHeardIn({ buckets, before }: Window, told: ReadonlySet<string>): readonly Annotation[] {
  if (before === null || before.length === 0) return []
  const known = new Set([...before.map(({ key }) => key.appVersion), ...told])
  const first = new Map<string, number>()
  for (const { key } of buckets) {
    if (key.appVersion === ALL_DEVICES || known.has(key.appVersion)) continue
    first.set(key.appVersion, Math.min(key.startMs, first.get(key.appVersion) ?? Infinity))
  }
  return [...first].map(([what, atMs]) => releaseOf(what, atMs))
}

function ofEntry({ atMs, after }: AuditEntry, kind: AnnotationKind): Annotation {
  if (kind !== 'schema') return { atMs, kind, what: null, count: 1 }
  const { name, schemaVersion } = (after ?? {}) as Partial<Record<string, unknown>>
  const what = typeof name === 'string' ? `${name} v${String(schemaVersion)}` : null
  return { atMs, kind, what, count: 1 }
}
