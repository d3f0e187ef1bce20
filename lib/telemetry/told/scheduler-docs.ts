import { listOf, memberOf, textOf } from '../otlp/attributes.ts'
import { POINTS_MAX } from '../otlp/points-of-metrics.ts'
import type { PointsRead, ToldGauge, ToldPoint } from './point.ts'

/** States of a replication of CouchDB that is not well: it waits to be tried again, or will never be. */
const FAILING: ReadonlySet<string> = new Set(['crashing', 'error', 'failed'])

/** Whether an answer is that of CouchDB's `_scheduler/docs`. */
export const isSchedulerDocs = (answer: unknown): boolean => Array.isArray(memberOf(answer, 'docs'))

/**
 * Replications as CouchDB's `_scheduler/docs` lists them: what each has still to do, and whether it does. What waits is
 * null there until it is known; then nothing is told of it.
 */
export function pointsOfSchedulerDocs(answer: unknown, place: string, atMs: number): PointsRead {
  const points: ToldPoint[] = []
  const docs = listOf(answer, 'docs')
  for (const doc of docs.slice(0, POINTS_MAX)) {
    const names = [place, textOf(doc, 'database') ?? '', textOf(doc, 'doc_id') ?? '']
    const state = textOf(doc, 'state') ?? ''
    const tell = (gauge: ToldGauge, value: number): unknown =>
      points.push({
        series: JSON.stringify([...names, gauge]),
        collection: null,
        platform: null,
        appVersion: null,
        startMs: null,
        atMs,
        told: { kind: 'gauge', gauge, value },
      })
    const errors = memberOf(doc, 'error_count')
    tell('jobs', 1)
    tell('jobsFailing', FAILING.has(state) || (typeof errors === 'number' && errors > 0) ? 1 : 0)
    const pending = memberOf(memberOf(doc, 'info'), 'changes_pending')
    if (typeof pending === 'number' && Number.isSafeInteger(pending) && pending >= 0)
      tell('queueDepth', pending)
  }
  const rejected = Math.max(0, docs.length - POINTS_MAX)
  return { points, rejected, reason: rejected > 0 ? `more than ${POINTS_MAX} replications` : null }
}
