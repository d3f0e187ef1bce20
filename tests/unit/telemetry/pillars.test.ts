import { describe, expect, test } from 'vitest'
import { cohorts } from '#lib/application/pillars/cohorts.ts'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { HEAT_COLUMNS_MAX, lagHeat } from '#lib/application/pillars/lag-heat.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { contextOf } from '#tests/support/folded-telemetry.ts'
import {
  eventAt,
  fleetGaugesEvent,
  gaugesEvent,
  pushEvent,
  pushedCollection,
  sessionEvent,
  textOf,
} from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Ten past some hour. */
const NOW = 500_000 * HOUR + 10 * MINUTE
const RANGE = { fleetId: 'f', fromMs: NOW - HOUR, toMs: NOW }

const pushAt = (atMs: number, lagMs: number, over: Parameters<typeof pushEvent>[0] = {}): TelemetryEvent =>
  eventAt(
    `push-${atMs}-${lagMs}-${over.appVersion ?? ''}`,
    atMs,
    pushEvent({ collections: { strikes: pushedCollection({ uploadLagMs: [lagMs] }) }, ...over }),
  )
const requestsAt = (atMs: number, ok: number, failed: number, shed = 0): TelemetryEvent =>
  eventAt(`requests-${atMs}`, atMs, {
    kind: 'requests',
    process: 'p',
    sequence: atMs,
    counts: [
      { route: 'pull', statusClass: '2xx', code: null, platform: 'ios', appVersion: '2.4.0', count: ok },
      {
        route: 'pull',
        statusClass: '5xx',
        code: 'internal',
        platform: 'ios',
        appVersion: '2.4.0',
        count: failed,
      },
      {
        route: 'pull',
        statusClass: 'shed',
        code: 'breaker_open',
        platform: 'ios',
        appVersion: '2.4.0',
        count: shed,
      },
    ],
  })

describe('range', () => {
  const atEdges = [pushAt(NOW - HOUR - 1, 1), pushAt(NOW - HOUR, 2), pushAt(NOW - 1, 3), pushAt(NOW, 4)]

  test('a range in whole minutes is closed at its start and open at its end', async () => {
    const answer = await lag(contextOf(atEdges, NOW), RANGE)
    expect(answer.figure?.upload).toEqual({ count: 2, p50: 2, p95: 3, p99: 3, max: 3 })
    expect([answer.fromMs, answer.toMs, answer.stepMs]).toEqual([NOW - HOUR, NOW, MINUTE])
    expect(answer.points).toHaveLength(60)
  })

  test('the same length before it is compared, by as many points', async () => {
    const answer = await lag(contextOf(atEdges, NOW), RANGE)
    expect(answer.previous?.upload.count).toBe(1)
    expect(answer.previousPoints).toHaveLength(60)
    expect(answer.previousPoints[59]?.figure?.upload.max).toBe(1)
  })

  test('a range within minutes is widened to them', async () => {
    const answer = await lag(contextOf(atEdges, NOW), { ...RANGE, fromMs: NOW - HOUR + 1, toMs: NOW - 1 })
    expect([answer.fromMs, answer.toMs]).toEqual([NOW - HOUR, NOW])
  })

  test('a long range reads hours within and minutes at its edges, and counts each event once', async () => {
    const fromMs = NOW - 10 * DAY
    const events = Array.from({ length: 2_000 }, (_, at) => pushAt(fromMs - HOUR + at * 450_000, at))
    const inside = events.filter(({ atMs }) => atMs >= fromMs && atMs < NOW)
    const answer = await conflicts(contextOf(events, NOW), { fleetId: 'f', fromMs, toMs: NOW })
    expect(answer.stepMs).toBe(HOUR)
    expect(answer.figure?.mutations.whole).toBe(inside.length)
    const overPoints = answer.points.reduce((sum, { figure }) => sum + (figure?.mutations.whole ?? 0), 0)
    expect(overPoints).toBe(inside.length)
    expect(answer.points).toHaveLength(241)
  })

  test('a step that would give over 1,500 points is widened', async () => {
    const day = await lag(contextOf([], NOW), {
      fleetId: 'f',
      fromMs: NOW - 26 * HOUR,
      toMs: NOW,
      stepMs: MINUTE,
    })
    expect([day.stepMs, day.points.length]).toEqual([2 * MINUTE, 780])
    const year = await lag(contextOf([], NOW), {
      fleetId: 'f',
      fromMs: NOW - 400 * DAY,
      toMs: NOW,
      stepMs: MINUTE,
    })
    expect(year.stepMs % HOUR).toBe(0)
    expect(year.points.length).toBeLessThanOrEqual(1_500)
  })

  test('beyond 35 days only hours are left, so the range is widened to them', async () => {
    const old = NOW - 40 * DAY
    const answer = await lag(contextOf([pushAt(old, 5)], NOW), {
      fleetId: 'f',
      fromMs: old - HOUR,
      toMs: old + HOUR,
    })
    expect([answer.fromMs % HOUR, answer.toMs % HOUR, answer.figure?.upload.count]).toEqual([0, 0, 1])
  })

  test('where telemetry is missing there is a gap, where it says nothing happened there is a zero', async () => {
    const quiet = [pushAt(NOW - 5 * MINUTE, 9), eventAt('g', NOW - 3 * MINUTE, gaugesEvent())]
    const { points } = await conflicts(contextOf(quiet, NOW), RANGE)
    expect(points.slice(-6).map(({ figure }) => figure?.mutations.whole ?? null)).toEqual([
      null,
      1,
      null,
      0,
      null,
      null,
    ])
    expect((await conflicts(contextOf([], NOW), RANGE)).figure).toBeNull()
    expect((await conflicts(contextOf([], NOW), RANGE)).level).toBe('unk')
  })

  test('the figures say how old they are', async () => {
    const { asOf } = await lag(contextOf([], NOW, { unfoldedMs: NOW - 7_000 }), RANGE)
    expect(asOf).toEqual({ nowMs: NOW, foldLagMs: 7_000 })
  })
})

describe('lag', () => {
  test('quantiles of a range are those of merged sketches, of a group those of its own', async () => {
    const events = [1, 2, 3, 4].map((n) =>
      pushAt(NOW - n * MINUTE, n * 10, {
        appVersion: n > 2 ? '2.4.1' : '2.4.0',
        collections: { strikes: pushedCollection({ uploadLagMs: [n * 10] }) },
      }),
    )
    const answer = await lag(contextOf(events, NOW), { ...RANGE, groupBy: 'appVersion' })
    expect(answer.figure?.upload).toEqual({ count: 4, p50: 20, p95: 40, p99: 40, max: 40 })
    expect(answer.groups.map(({ key, figure }) => [key, figure.upload.max])).toEqual([
      ['2.4.0', 20],
      ['2.4.1', 40],
    ])
  })

  test('of one version and one platform it is theirs alone; of those that nobody has, it is not known', async () => {
    const events = [1, 2, 3].map((n) =>
      pushAt(NOW - n * MINUTE, n * 10, {
        appVersion: n > 2 ? '2.4.1' : '2.4.0',
        platform: n > 1 ? 'ios' : 'web',
        collections: { strikes: pushedCollection({ uploadLagMs: [n * 10] }) },
      }),
    )
    const ctx = contextOf(events, NOW)
    const largest = async (of: object) => (await lag(ctx, { ...RANGE, ...of })).figure?.upload?.max ?? null
    expect(await largest({ appVersion: '2.4.0' })).toBe(20)
    expect(await largest({ platform: 'ios' })).toBe(30)
    expect(await largest({ platform: 'web', appVersion: '2.4.0' })).toBe(10)
    expect(await largest({ platform: 'web', appVersion: '2.4.1' })).toBeNull()
  })

  test('pending age comes from the newest snapshot, online and offline apart', async () => {
    const events = [
      eventAt('a', NOW - 2 * MINUTE, gaugesEvent({ pendingAgeOnline: textOf(100) })),
      eventAt(
        'b',
        NOW - MINUTE,
        gaugesEvent({ pendingAgeOnline: textOf(30), pendingAgeOffline: textOf(90, 95) }),
      ),
      eventAt('c', NOW - MINUTE, gaugesEvent({ platform: 'web', pendingAgeOnline: textOf(40) })),
    ]
    const { figure } = await lag(contextOf(events, NOW), RANGE)
    expect(figure?.pending).toMatchObject({
      atMs: NOW - MINUTE,
      online: { count: 2, max: 40 },
      offline: { count: 2, max: 95 },
    })
  })

  test('of one collection, upload lag is its own, its limits too, and pending age is not known', async () => {
    const airports = pushEvent({ collections: { airports: pushedCollection({ uploadLagMs: [70] }) } })
    const events = [
      pushAt(NOW - MINUTE, 10),
      eventAt('b', NOW - MINUTE, airports),
      eventAt('g', NOW - MINUTE, gaugesEvent()),
    ]
    const ctx = contextOf(events, NOW, { collections: [{ name: 'airports', thresholds: { lagWarnMs: 50 } }] })
    const answer = await lag(ctx, { ...RANGE, collection: 'airports' })
    expect([answer.figure?.upload.max, answer.figure?.pending, answer.level]).toEqual([70, null, 'warn'])
    expect((await lag(ctx, RANGE)).level).toBe('ok')
    const byCollection = await lag(ctx, { ...RANGE, groupBy: 'collection' })
    expect(byCollection.groups.map(({ key }) => key)).toEqual(['airports', 'strikes'])
  })
})

describe('limits', () => {
  const events = [pushAt(NOW - MINUTE, 70)]
  const levels = async (fleet: number, own: Partial<{ lagWarnMs: number }>) => {
    const collections = [{ name: 'strikes', thresholds: own }]
    const ctx = contextOf(events, NOW, { collections, thresholds: { lagWarnMs: fleet } })
    return [(await lag(ctx, RANGE)).level, (await lag(ctx, { ...RANGE, collection: 'strikes' })).level]
  }

  test('a collection is judged by its fleet’s where it sets none', async () => {
    expect(await levels(50, {})).toEqual(['warn', 'warn'])
    expect(await levels(50, { lagWarnMs: 90 })).toEqual(['warn', 'ok'])
    expect(await levels(90, { lagWarnMs: 50 })).toEqual(['ok', 'warn'])
  })
})

describe('conflicts', () => {
  test('count mutations that needed resolution, among those with a lasting result', async () => {
    const strikes = pushedCollection({
      results: {
        applied: 6,
        merged: 1,
        conflict: 1,
        superseded: 1,
        dead_lettered: 1,
        duplicate: 40,
        retry: 40,
        refused: 40,
      },
      conflicts: [
        { strategy: 'field-merge', outcome: 'merge', fields: ['species'] },
        { strategy: 'field-merge', outcome: 'manual', fields: ['species', 'damage'] },
        { strategy: 'lww', outcome: 'remote', fields: ['damage'] },
      ],
    })
    const events = [
      eventAt('a', NOW - MINUTE, pushEvent({ collections: { strikes } })),
      eventAt('s', NOW - MINUTE, sessionEvent({ withConflict: true })),
    ]
    const { figure, level } = await conflicts(contextOf(events, NOW), RANGE)
    expect(figure).toEqual({
      mutations: { part: 3, whole: 10, rate: 0.3 },
      sessions: { part: 1, whole: 1, rate: 1 },
      byStrategy: [
        { key: 'field-merge', count: 2 },
        { key: 'lww', count: 1 },
      ],
      byOutcome: { local: 0, remote: 1, merge: 1, manual: 1 },
      topFields: [
        { key: 'damage', count: 2 },
        { key: 'species', count: 2 },
      ],
    })
    // Ten changes are too few to judge a rate of them.
    expect(level).toBe('unk')
    const one = await conflicts(contextOf(events, NOW), { ...RANGE, collection: 'strikes' })
    expect([one.figure?.mutations.whole, one.figure?.sessions]).toEqual([10, null])
  })
})

describe('failures', () => {
  test('shed requests are in neither number', async () => {
    const { figure, level } = await failures(contextOf([requestsAt(NOW - MINUTE, 97, 3, 1_000)], NOW), RANGE)
    expect(figure).toMatchObject({
      requests: { part: 3, whole: 100, rate: 0.03 },
      shed: 1_000,
      byCode: [{ key: 'internal', count: 3 }],
    })
    expect(level).toBe('warn')
  })

  test('under 20 requests there is no rate, only counts', async () => {
    const { figure, level } = await failures(contextOf([requestsAt(NOW - MINUTE, 10, 9)], NOW), RANGE)
    expect([figure?.requests, level]).toEqual([{ part: 9, whole: 19, rate: null }, 'unk'])
  })

  test('requests belong to no single collection', async () => {
    const { figure } = await failures(contextOf([requestsAt(NOW - MINUTE, 97, 3)], NOW), {
      ...RANGE,
      collection: 'strikes',
    })
    expect(figure).toBeNull()
  })
})

describe('queue', () => {
  const events = [
    eventAt('a', NOW - 2 * MINUTE, gaugesEvent({ appVersion: '2.3.9', devices: 5, queueDepth: 50 })),
    eventAt('b', NOW - 2 * MINUTE, gaugesEvent({ devices: 5, queueDepth: 20 })),
    eventAt(
      'c',
      NOW - MINUTE,
      gaugesEvent({
        devices: 10,
        devicesPending: 2,
        queueDepth: 7,
        queueDepths: textOf(0, 3, 4),
        oldestPendingAgeMs: 900,
        queueByCollection: { strikes: 6, airports: 1 },
      }),
    ),
    eventAt('d', NOW - MINUTE, fleetGaugesEvent({ openDeadLetters: 3, openConflicts: 1 })),
  ]

  test('is the newest snapshot: no sum over time, no device under two versions', async () => {
    const { figure } = await queue(contextOf(events, NOW), RANGE)
    expect(figure).toMatchObject({
      atMs: NOW - MINUTE,
      depth: 7,
      devices: { total: 10, pending: 2, depth: { count: 3, max: 4 }, oldestAgeMs: 900 },
      server: { openDeadLetters: 3, openConflicts: 1 },
    })
  })

  test('what another engine tells as a sum is known apart from what devices hold', async () => {
    const told = gaugesEvent({ source: 'powersync', devices: 2, queueDepth: 7, devicesPending: null })
    const { figure } = await queue(contextOf([...events, eventAt('p', NOW - MINUTE, told)], NOW), RANGE)
    expect(figure).toMatchObject({ depth: 14, depthOfEngines: 7, devices: { total: 12, pending: 2 } })
    expect((await queue(contextOf(events, NOW), RANGE)).figure?.depthOfEngines).toBe(0)
  })

  test('each point has its own newest snapshot', async () => {
    const { points } = await queue(contextOf(events, NOW), RANGE)
    expect(points.slice(-3).map(({ figure }) => figure?.depth ?? null)).toEqual([null, 70, 7])
  })

  test('of one collection only the depth is known', async () => {
    const { figure } = await queue(contextOf(events, NOW), { ...RANGE, collection: 'strikes' })
    expect(figure).toEqual({
      atMs: NOW - MINUTE,
      depth: 6,
      depthOfEngines: 0,
      devices: null,
      server: null,
    })
    const { groups } = await queue(contextOf(events, NOW), { ...RANGE, groupBy: 'collection' })
    expect(groups.map(({ key, figure: { depth } }) => [key, depth])).toEqual([
      ['strikes', 6],
      ['airports', 1],
    ])
  })

  test('a version that the newest snapshot no longer names has no queue', async () => {
    const { groups } = await queue(contextOf(events, NOW), { ...RANGE, groupBy: 'appVersion' })
    expect(groups.map(({ key }) => key)).toEqual(['2.4.0'])
  })
})

describe('lag heat map', () => {
  test('a column for each step has a count for each band; where telemetry is missing it is a gap', async () => {
    const events = [
      pushAt(NOW - 5 * MINUTE, 900),
      pushAt(NOW - 5 * MINUTE, 20_000),
      pushAt(NOW - 2 * MINUTE, 2 * DAY),
    ]
    const heat = await lagHeat(contextOf(events, NOW), RANGE, 'upload')
    expect(heat.stepMs).toBe(MINUTE)
    expect(heat.bordersMs.length).toBe(9)
    const told = heat.columns.flatMap(({ atMs, counts }) => (counts === null ? [] : [[atMs, counts]]))
    expect(told).toEqual([
      [NOW - 5 * MINUTE, [1, 0, 0, 1, 0, 0, 0, 0, 0, 0]],
      [NOW - 2 * MINUTE, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ])
  })

  test('a long range has no more columns than can be told apart', async () => {
    for (const days of [1, 7, 30, 200]) {
      const range = { fleetId: 'f', fromMs: NOW - days * DAY, toMs: NOW }
      const { columns } = await lagHeat(contextOf([pushAt(NOW - MINUTE, 5)], NOW), range, 'upload')
      expect(columns.length).toBeLessThanOrEqual(HEAT_COLUMNS_MAX + 1)
      expect(columns.at(-1)?.counts?.[0]).toBe(1)
    }
  })

  test('of one app version alone it counts that one', async () => {
    const events = [pushAt(NOW - MINUTE, 5), pushAt(NOW - MINUTE, 6, { appVersion: '9.9.9' })]
    const query = { ...RANGE, appVersion: '9.9.9' }
    const { columns } = await lagHeat(contextOf(events, NOW), query, 'upload')
    expect(columns.at(-1)?.counts?.[0]).toBe(1)
  })
})

describe('comparison of app versions', () => {
  const pushes = (appVersion: string, count: number, dead: number) =>
    Array.from({ length: count }, (_, at) =>
      pushAt(NOW - MINUTE, at, {
        appVersion,
        collections: {
          strikes: pushedCollection({
            uploadLagMs: [appVersion === '2.4.1' ? 60_000 + at : 1_000 + at],
            results: { applied: at < dead ? 0 : 1, dead_lettered: at < dead ? 1 : 0 },
          }),
        },
      }),
    )

  test('tells which is worse by what it counted, and that a measure has too few', async () => {
    const ctx = contextOf([...pushes('2.4.1', 60, 30), ...pushes('2.4.0', 90, 1)], NOW)
    const { rows } = await cohorts(ctx, { ...RANGE, a: '2.4.1', b: '2.4.0' })
    const row = (measure: string) => rows.find((one) => one.measure === measure)
    expect(row('uploadLag')?.verdict).toBe('worse')
    expect(row('uploadLag')?.a.of).toBe(60)
    expect(row('deadLetters')).toMatchObject({ verdict: 'worse', a: { of: 60 }, b: { of: 90 } })
    expect(row('deadLetters')?.difference?.value).toBeCloseTo(0.5 - 1 / 90, 9)
    expect(row('conflicts')?.verdict).toBe('alike')
    expect(row('failedSessions')).toMatchObject({
      verdict: 'unk',
      difference: null,
      a: { of: 0, estimate: null },
    })
  })

  test('of one platform or collection it compares that part; what belongs to no collection is not known then', async () => {
    const web = (event: TelemetryEvent) =>
      ({ ...event, payload: { ...event.payload, platform: 'web' } }) as TelemetryEvent
    const all = [...pushes('2.4.1', 60, 30).map(web), ...pushes('2.4.0', 90, 1).map(web)]
    const ctx = contextOf(all, NOW)
    expect((await cohorts(ctx, { ...RANGE, platform: 'ios' })).versions).toEqual([])
    const ofPlatform = await cohorts(ctx, { ...RANGE, platform: 'web' })
    expect(ofPlatform.rows.find(({ measure }) => measure === 'failures')?.a.of).toBe(60)
    const ofCollection = await cohorts(ctx, { ...RANGE, collection: 'strikes' })
    expect([ofCollection.a, ofCollection.b]).toEqual(['2.4.1', '2.4.0'])
    const row = (measure: string) => ofCollection.rows.find((one) => one.measure === measure)
    expect([row('deadLetters')?.verdict, row('failures')?.verdict]).toEqual(['worse', 'unk'])
  })

  test('without names it takes the two most used, the newer one first; one alone has nothing beside it', async () => {
    const three = [...pushes('2.9.0', 40, 0), ...pushes('2.10.0', 30, 0), ...pushes('1.0.0', 2, 0)]
    const found = await cohorts(contextOf(three, NOW), RANGE)
    expect([found.a, found.b, found.versions]).toEqual(['2.10.0', '2.9.0', ['2.9.0', '2.10.0', '1.0.0']])
    expect(await cohorts(contextOf(three, NOW), { ...RANGE, b: '2.10.0' })).toMatchObject({ a: '2.9.0' })
    const one = await cohorts(contextOf(pushes('2.9.0', 40, 0), NOW), RANGE)
    expect([one.a, one.b, one.rows]).toEqual([null, null, []])
  })

  test('devices of other engines ask nothing here: their versions are used as much as they have sessions', async () => {
    const sessions = (appVersion: string, count: number) =>
      Array.from({ length: count }, (_, i) =>
        eventAt(
          `session-${appVersion}-${i}`,
          NOW - 9 * MINUTE,
          sessionEvent({ appVersion, sessionId: `${appVersion}-${i}` }),
        ),
      )
    const told = [...sessions('1.0.0', 1), ...sessions('2.0.0', 3), ...sessions('3.0.0', 2)]
    const found = await cohorts(contextOf(told, NOW), RANGE)
    expect([found.a, found.b, found.versions]).toEqual(['3.0.0', '2.0.0', ['2.0.0', '3.0.0', '1.0.0']])
  })
})

describe('annotations', () => {
  const audited = (action: string, atMs: number, after: object | null = null, outcome = 'done') =>
    ({ action, atMs, after, outcome }) as never

  test('an app version that the time before does not have is a release, at its first minute', async () => {
    const events = [
      pushAt(NOW - 90 * MINUTE, 1, { appVersion: '2.4.0' }),
      pushAt(NOW - 9 * MINUTE, 1, { appVersion: '2.4.0' }),
      pushAt(NOW - 7 * MINUTE, 1, { appVersion: '2.4.1' }),
      pushAt(NOW - 5 * MINUTE, 1, { appVersion: '2.4.1' }),
    ]
    const { annotations } = await lag(contextOf(events, NOW), RANGE)
    expect(annotations).toEqual([{ atMs: NOW - 7 * MINUTE, kind: 'release', what: '2.4.1', count: 1 }])
    const fresh = events.slice(1)
    expect((await lag(contextOf(fresh, NOW), RANGE)).annotations, 'nothing is known of before').toEqual([])
  })

  test('a release that somebody told of is marked at its time, and not where its first device is heard', async () => {
    const events = [
      pushAt(NOW - 90 * MINUTE, 1, { appVersion: '2.4.0' }),
      pushAt(NOW - 7 * MINUTE, 1, { appVersion: '2.4.1' }),
      pushAt(NOW - 5 * MINUTE, 1, { appVersion: '2.4.2' }),
    ]
    const releases = [
      { version: '2.4.1', releasedAtMs: NOW - 40 * MINUTE },
      { version: '2.3.0', releasedAtMs: NOW - 2 * HOUR },
    ]
    const { annotations } = await lag(contextOf(events, NOW, { releases }), RANGE)
    expect(annotations.map(({ atMs, what }) => [what, NOW - atMs])).toEqual([
      ['2.4.1', 40 * MINUTE],
      ['2.4.2', 5 * MINUTE],
    ])
  })

  test('what people did is from the audit log, without what was denied or lies outside; close ones are one', async () => {
    const audit = [
      audited('dead-letter.replay', NOW - 30 * MINUTE),
      audited('dead-letter.replay', NOW - 30 * MINUTE + 20_000),
      audited('dead-letter.replay', NOW - 2 * MINUTE),
      audited('dead-letter.replay', NOW - 3 * MINUTE, null, 'denied'),
      audited('dead-letter.replay', NOW - 2 * HOUR),
      audited('collection.publish', NOW - 40 * MINUTE, { name: 'strikes', schemaVersion: 3 }),
    ]
    const { annotations } = await queue(contextOf([], NOW, { audit }), RANGE)
    expect(annotations).toEqual([
      { atMs: NOW - 40 * MINUTE, kind: 'schema', what: 'strikes v3', count: 1 },
      { atMs: NOW - 30 * MINUTE, kind: 'replay', what: null, count: 2 },
      { atMs: NOW - 2 * MINUTE, kind: 'replay', what: null, count: 1 },
    ])
  })
})
