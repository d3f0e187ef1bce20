import { describe, expect, test } from 'vitest'
import { conflictHeat } from '#lib/application/pillars/conflict-heat.ts'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { FIELD_HEAT_COLUMNS_MAX, HEAT_FIELDS_MAX } from '#lib/telemetry/conflict-heat.ts'
import { contextOf } from '#tests/support/folded-telemetry.ts'
import { eventAt, pushEvent, pushedCollection, sessionEvent } from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = 500_000 * HOUR + 10 * MINUTE
const RANGE = { fleetId: 'f', fromMs: NOW - HOUR, toMs: NOW }

let ids = 0
/** A push of one change that met another's over these fields. */
const met = (
  atMs: number,
  fields: readonly string[],
  collection = 'strikes',
  appVersion = '2.4.0',
): TelemetryEvent =>
  eventAt(
    `met-${ids++}`,
    atMs,
    pushEvent({
      appVersion,
      collections: {
        [collection]: pushedCollection({
          results: { merged: 1 },
          conflicts: [{ strategy: 'field-merge', outcome: 'merge', fields }],
        }),
      },
    }),
  )
const quiet = (atMs: number): TelemetryEvent => eventAt(`quiet-${ids++}`, atMs, sessionEvent())

describe('contested fields', () => {
  test('[FR1] by collection and field, the most contested first, with its share of the collection’s conflicts', async () => {
    const events = [
      met(NOW - 50 * MINUTE, ['/status', '/remarks']),
      met(NOW - 50 * MINUTE, ['/status']),
      met(NOW - 2 * MINUTE, ['/status'], 'walks'),
      met(NOW - 2 * MINUTE, ['']),
      quiet(NOW - 30 * MINUTE),
    ]
    const heat = await conflictHeat(contextOf(events, NOW), RANGE)
    expect(heat.rows).toEqual([
      { collection: 'strikes', place: '/status', count: 2, share: 2 / 3 },
      { collection: 'strikes', place: '/remarks', count: 1, share: 1 / 3 },
      { collection: 'strikes', place: 'record', count: 1, share: 1 / 3 },
      { collection: 'walks', place: '/status', count: 1, share: 1 },
    ])
    expect(heat.fields).toBe(4)
    expect(heat.collections.map(({ name, conflicts: of, pushed }) => [name, of, pushed])).toEqual([
      ['strikes', 3, 3],
      ['walks', 1, 1],
    ])
    const told = heat.columns.flatMap(({ atMs, counts }) => (counts === null ? [] : [[atMs, counts]]))
    expect(told).toEqual([
      [NOW - 50 * MINUTE, [2, 1, 0, 0, 0]],
      [NOW - 30 * MINUTE, [0, 0, 0, 0, 0]],
      [NOW - 2 * MINUTE, [0, 0, 1, 1, 0]],
    ])
  })

  test('[FR1] what is past the rows is counted together, and how many fields there are is told', async () => {
    const names = Array.from({ length: HEAT_FIELDS_MAX + 5 }, (_, at) => `/f${String(at).padStart(2, '0')}`)
    const events = [...names.map((name) => met(NOW - MINUTE, [name])), met(NOW - MINUTE, ['/f24'])]
    const { rows, fields, columns, collections } = await conflictHeat(contextOf(events, NOW), RANGE)
    expect([rows.length, fields]).toEqual([HEAT_FIELDS_MAX, names.length])
    expect(rows[0]?.place).toBe('/f24')
    const last = columns.at(-1)?.counts
    expect(last?.at(-1), 'all others').toBe(5)
    expect(last?.reduce((sum, count) => sum + count, 0)).toBe(events.length)
    expect(collections[0]?.fields.length).toBe(HEAT_FIELDS_MAX)
  })

  test('[FR1] a range of any length has at most 60 columns', async () => {
    for (const days of [0.04, 1, 7, 30, 200, 399]) {
      const range = { fleetId: 'f', fromMs: NOW - days * DAY, toMs: NOW }
      const ctx = contextOf([met(NOW - MINUTE, ['/a'])], NOW)
      for (const part of [{}, { appVersion: '2.4.0' }]) {
        const { columns, stepMs } = await conflictHeat(ctx, { ...range, ...part })
        expect(columns.length).toBeLessThanOrEqual(FIELD_HEAT_COLUMNS_MAX)
        expect(columns.at(-1)?.counts?.[0]).toBe(1)
        // Minutes by version and platform would be too many to read.
        if ('appVersion' in part && days >= 1) expect(stepMs % HOUR).toBe(0)
      }
    }
  })

  test('[FR1] of a collection and an app version it counts those, as the rate does', async () => {
    const events = [
      met(NOW - MINUTE, ['/a']),
      met(NOW - MINUTE, ['/a'], 'strikes', '2.4.1'),
      met(NOW - MINUTE, ['/b'], 'walks', '2.4.1'),
    ]
    const ctx = contextOf(events, NOW)
    const query = { ...RANGE, collection: 'strikes', appVersion: '2.4.1' }
    const [heat, pillar] = await Promise.all([conflictHeat(ctx, query), conflicts(ctx, query)])
    expect(heat.rows).toEqual([{ collection: 'strikes', place: '/a', count: 1, share: 1 }])
    expect(heat.collections[0]?.pushed).toBe(pillar.figure?.mutations.whole)
    expect(heat.rows[0]?.count).toBe(pillar.figure?.topFields[0]?.count)
  })
})
