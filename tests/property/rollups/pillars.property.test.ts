import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import type { PushEvent, RequestsEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import { contextOf } from '#tests/support/folded-telemetry.ts'
import { eventAt, pushEvent, pushedCollection } from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const NOW = 30_000_000 * MINUTE + 17 * MINUTE
/** Three days back: both tiers and every kind of edge come to pass. */
const SPAN_MINUTES = 3 * 1_440

const push = fc
  .tuple(
    fc.array(fc.nat(50_000_000), { maxLength: 6 }),
    fc.nat(2),
    fc.nat(3),
    fc.constantFrom('strikes', 'airports'),
  )
  .map(([uploadLagMs, merged, duplicate, name]) => {
    const conflicts = Array.from({ length: merged }, () => ({
      strategy: 'lww',
      outcome: 'local' as const,
      fields: [],
    }))
    const results = { applied: uploadLagMs.length, merged, duplicate }
    return pushEvent({ collections: { [name]: pushedCollection({ results, conflicts, uploadLagMs }) } })
  })
const requests = fc
  .tuple(
    fc.constantFrom('2xx' as const, '4xx' as const, '5xx' as const, 'shed' as const),
    fc.integer({ min: 1, max: 30 }),
  )
  .map(([statusClass, count]): RequestsEvent => ({
    kind: 'requests',
    process: 'p',
    sequence: 1,
    counts: [{ route: 'pull', statusClass, code: null, platform: 'ios', appVersion: '2.4.0', count }],
  }))
const events = fc
  .array(fc.tuple(fc.nat(SPAN_MINUTES * MINUTE - 1), fc.oneof(push, requests)), {
    minLength: 1,
    maxLength: 60,
  })
  .map((all) =>
    all.map(([backMs, payload], at): TelemetryEvent => eventAt(String(at), NOW - 1 - backMs, payload)),
  )
const range = fc
  .tuple(fc.nat(SPAN_MINUTES), fc.nat(SPAN_MINUTES))
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => ({
    fleetId: 'f',
    fromMs: NOW - Math.max(a, b) * MINUTE,
    toMs: NOW - Math.min(a, b) * MINUTE,
  }))

/** PostgreSQL's percentile_disc. */
function percentileDisc(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.find((_, at) => (at + 1) / sorted.length >= q) ?? null
}

test('over any closed interval counts are those of the raw events, quantiles within 1 %', async () => {
  await fc.assert(
    fc.asyncProperty(events, range, async (all, query) => {
      const ctx = contextOf(all, NOW)
      const inside = all
        .filter(({ atMs }) => atMs >= query.fromMs && atMs < query.toMs)
        .map(({ payload }) => payload)
      const pushed = inside
        .filter((payload): payload is PushEvent => payload.kind === 'push')
        .flatMap(({ collections }) => Object.values(collections))
      const counted = inside.flatMap((payload) => (payload.kind === 'requests' ? payload.counts : []))
      const total = (classes: readonly string[]): number =>
        counted.reduce((sum, { statusClass, count }) => sum + (classes.includes(statusClass) ? count : 0), 0)

      const { figure: lagFigure } = await lag(ctx, query)
      const lags = pushed.flatMap(({ uploadLagMs }) => uploadLagMs)
      expect(lagFigure?.upload.count ?? 0).toBe(lags.length)
      for (const [name, q] of [
        ['p50', 0.5],
        ['p95', 0.95],
        ['p99', 0.99],
        ['max', 1],
      ] as const) {
        const exact = percentileDisc(lags, q)
        expect(Math.abs((lagFigure?.upload[name] ?? 0) - (exact ?? 0))).toBeLessThanOrEqual(
          (exact ?? 0) * 0.01,
        )
      }

      const { figure: conflictFigure } = await conflicts(ctx, query)
      expect(conflictFigure?.mutations.part ?? 0).toBe(
        pushed.reduce((sum, each) => sum + each.conflicts.length, 0),
      )
      const lasting = pushed.reduce(
        (sum, { results }) => sum + (results.applied ?? 0) + (results.merged ?? 0),
        0,
      )
      expect(conflictFigure?.mutations.whole ?? 0).toBe(lasting)

      const { figure: failureFigure } = await failures(ctx, query)
      const isPush = inside.filter(({ kind }) => kind === 'push').length
      expect(failureFigure?.requests.whole ?? 0).toBe(total(['2xx', '4xx', '5xx']) + isPush)
      expect(failureFigure?.requests.part ?? 0).toBe(total(['4xx', '5xx']))
      expect(failureFigure?.shed ?? 0).toBe(total(['shed']))
    }),
  )
})

const splits = fc.constantFrom({}, { groupBy: 'appVersion' as const }, { appVersion: '2.4.0' })

test('where merged buckets are not filled yet, the answers are the same', async () => {
  const hours = fc.nat(SPAN_MINUTES / 60)
  await fc.assert(
    fc.asyncProperty(events, range, splits, hours, async (all, query, split, back) => {
      const mergedFromMs = (Math.floor(NOW / (60 * MINUTE)) - back) * 60 * MINUTE
      const [filled, filling] = [contextOf(all, NOW), contextOf(all, NOW, { mergedFromMs })]
      for (const ask of [lag, conflicts, failures])
        expect(await ask(filling, { ...query, ...split })).toEqual(await ask(filled, { ...query, ...split }))
    }),
  )
})

test('each part that buckets are kept apart by gives the figures of the full ones', async () => {
  await fc.assert(
    fc.asyncProperty(events, range, async (all, query) => {
      const ctx = contextOf(all, NOW)
      // Every event is of this platform and version, so that a filter by them changes which tiers are read and nothing else.
      for (const ask of [lag, conflicts, failures]) {
        const whole = await ask(ctx, query)
        expect(await ask(ctx, { ...query, appVersion: '2.4.0' })).toEqual(whole)
        expect(await ask(ctx, { ...query, platform: 'ios' })).toEqual(whole)
      }
    }),
  )
})
