import { describe, expect, test } from 'vitest'
import { cohortSentence, differenceText, type CohortAnswer } from '#app/(console)/pillars/cohort-words.ts'
import { groupsSentence } from '#app/(console)/pillars/group-words.ts'
import { heatSentence } from '#app/(console)/pillars/heat-words.ts'
import { marksLegend, marksOf } from '#app/(console)/pillars/mark-words.ts'
import { pendingView } from '#app/(console)/pillars/pending-view.ts'
import { behindHref, behindLabel, partHref } from '#app/(console)/pillars/pillar-links.ts'
import { comparedPart } from '#app/(console)/pillars/read-pillar.ts'
import { breakdown, type GroupRow } from '#app/(console)/pillars/pillar-view.ts'
import { conflictsView, failuresView, lagView, queueView } from '#app/(console)/pillars/view-of.ts'
import { spanAt } from '#components/charts/brush-span.ts'
import { prepareHeat } from '#components/charts/prepare-heat.ts'
import type { PillarParams } from '#app/(console)/pillars/search-params.ts'
import { NOW_MS, lagFigure, overviewOf, quantiles, queueFigure } from '#tests/support/overview-fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = 500_000 * HOUR
const DAY = { label: 'Last 24 h', compare: 'vs yesterday' }
const CHOSEN = { label: 'In the time chosen', compare: 'vs the same time before' }

describe('what a pillar’s page says', () => {
  const none = overviewOf({ lag: null, conflicts: null, failures: null, queue: null })

  test('is a sentence with the figure and how it stands to its limit', () => {
    const well = overviewOf()
    expect(lagView(well.lag, 'upload', DAY).sentence).toMatch(
      /^Upload lag p95 is .+, within its target of 5 min$/,
    )
    expect(conflictsView(well.conflicts, DAY).sentence).toMatch(
      /^\S+ % of pushed changes needed resolution, under 2 %$/,
    )
    expect(failuresView(well.failures, DAY, null).sentence).toMatch(/^\S+ % of requests fail, under 1 %$/)
    expect(queueView(well.queue, DAY).sentence).toMatch(
      /^\S+ changes? waits? on devices, no queue is deep or old$/,
    )
  })

  test('says what isn’t known as such, and in which time', () => {
    expect(lagView(none.lag, 'delivery', DAY)).toMatchObject({
      sentence: 'Delivery lag is not known: no change was delivered in the last 24 h',
      level: 'unk',
    })
    // What died at once has arrived.
    expect(lagView(none.lag, 'upload', DAY)).toMatchObject({
      sentence: 'Upload lag is not known: no change was committed on arrival in the last 24 h',
      evidence: 'Only what is committed on arrival has a lag; what has not arrived is not known',
    })
    expect(conflictsView(none.conflicts, CHOSEN).sentence).toBe('No change was pushed in the time chosen')
    expect(failuresView(none.failures, DAY, null).sentence).toBe('No request was counted in the last 24 h')
    expect(failuresView(none.failures, DAY, 'strikes').sentence).toBe('Requests are not told by collection')
    expect(queueView(none.queue, DAY).sentence).toBe('No device was counted in the last 24 h')
  })

  test('judges upload lag alone: the others have no limit', () => {
    const { lag } = overviewOf()
    expect(lagView(lag, 'upload', DAY).chart.thresholds).toHaveLength(2)
    expect(lagView(lag, 'visibility', DAY)).toMatchObject({ level: 'unk', subject: 'visibility lag p95' })
    expect(lagView(lag, 'visibility', DAY).chart.thresholds).toBeUndefined()
  })

  describe('pending age', () => {
    const pending = (online: number | null, offline: number | null) =>
      overviewOf({
        lag: lagFigure({
          pending: {
            atMs: NOW_MS - 40_000,
            online: quantiles(online),
            offline: quantiles(offline, offline === null ? 0 : 20),
          },
        }),
      }).lag

    test('stands beside every lag: half of a silent fleet looks healthy by what arrived', () => {
      const { level, evidence } = lagView(pending(32_000, 26 * HOUR), 'upload', DAY)
      expect(level).toBe('ok')
      expect(evidence).toContain(
        'not arrived: pending age p95 32 s on 10 devices, 20 devices offline, p95 at least 1 d 02 h',
      )
      expect(lagView(pending(null, null), 'upload', DAY).evidence).toContain(
        'all that is known of has arrived',
      )
      expect(
        lagView(overviewOf({ lag: lagFigure({ pending: null }) }).lag, 'upload', DAY).evidence,
      ).toContain('what has not arrived is not known')
    })

    test('is judged by a limit of its own, on devices that are heard', () => {
      const well = pendingView(pending(32_000, 26 * HOUR), 'pending', DAY)
      expect(well).toMatchObject({
        level: 'ok',
        sentence: 'Pending age p95 is 32 s on 10 devices, within its limit of 1 h',
      })
      expect(well.evidence).toContain('counted 40 s ago; 20 devices offline, apart')
      expect(well.chart.thresholds).toMatchObject([{ word: 'warn 1 h' }])
      expect(pendingView(pending(2 * HOUR, null), 'pending', DAY)).toMatchObject({
        level: 'warn',
        sentence: 'Pending age p95 is 2 h 00 min on 10 devices, over its limit of 1 h',
      })
    })

    test('of offline devices is a lower bound, and said so', () => {
      const view = pendingView(pending(null, 26 * HOUR), 'offline', DAY)
      expect(view).toMatchObject({
        level: 'warn',
        sentence: '20 devices are offline: pending age p95 is at least 1 d 02 h',
      })
      expect(view.evidence).toContain('p50 at least 1 d 02 h')
    })

    test('is 0 where nothing waits, and a gap where nobody counted', () => {
      const lag = pending(null, null)
      const at = (figure: typeof lag.figure) => ({ atMs: NOW_MS, figure })
      const { chart } = pendingView({ ...lag, points: [at(lag.figure), at(null)] }, 'pending', DAY)
      expect(chart.points.map(({ value }) => value)).toEqual([0, null])
      expect(pendingView(lag, 'pending', DAY).sentence).toBe('No change waits on a device that is heard')
      expect(pendingView(lag, 'offline', DAY).sentence).toBe('No device is offline')
      expect(pendingView(none.lag, 'pending', DAY)).toMatchObject({
        level: 'unk',
        sentence: 'How long changes wait is not known',
      })
    })
  })

  test('what other engines tell as a sum is on none of the devices', () => {
    const { queue } = overviewOf({ queue: { ...queueFigure(10), depthOfEngines: 7 } })
    expect(queueView(queue, DAY).evidence).toMatch(
      /^3 on 1 of 40 devices, 7 told by other engines as a sum; deepest 10/,
    )
    expect(queueView(overviewOf({ queue: queueFigure(10) }).queue, DAY).evidence).toMatch(
      /^on 1 of 40 devices; deepest 10/,
    )
  })

  test('splits a sum into shares, without what did not happen', () => {
    const { rows } = breakdown('By outcome', '', [
      { key: 'local', count: 3 },
      { key: 'merge', count: 1 },
      { key: 'manual', count: 0 },
    ])
    expect(rows).toEqual([
      { key: 'local', count: 3, share: 0.75 },
      { key: 'merge', count: 1, share: 0.25 },
    ])
  })
})

describe('which part stands out', () => {
  const row = (key: string, level: GroupRow['level']): GroupRow => ({
    key,
    level,
    value: '1',
    of: '',
    trend: [],
  })

  test.each([
    [[], 'Nothing is told by app version in this time'],
    [[row('2.4.0', 'ok')], 'All of it is of one app version, 2.4.0'],
    [[row('2.4.0', 'ok'), row('2.4.1', 'unk')], 'No app version is over a limit'],
    [[row('2.4.0', 'ok'), row('2.4.1', 'crit')], '2.4.1 is over a limit, the others within'],
    [[row('a', 'warn'), row('b', 'crit'), row('c', 'ok')], 'a and b are over a limit, the others within'],
    [[row('a', 'warn'), row('b', 'crit')], 'Every app version is over a limit'],
  ])('%#', (rows, sentence) => {
    expect(groupsSentence(rows, 'appVersion')).toBe(sentence)
  })

  test('of many the first are named', () => {
    const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => row(key, 'warn')).concat(row('g', 'ok'))
    expect(groupsSentence(rows, 'platform')).toBe('a, b and 4 more are over a limit, the others within')
  })
})

describe('comparison of app versions', () => {
  const figure = { estimate: null, of: 0 }
  const answer = (...verdicts: CohortAnswer['rows'][number]['verdict'][]): CohortAnswer => ({
    fromMs: 0,
    toMs: 1,
    a: '2.4.1',
    b: '2.4.0',
    versions: [],
    rows: verdicts.map((verdict, at) => ({
      measure: (['uploadLag', 'conflicts', 'failures'] as const)[at] ?? 'deadLetters',
      a: figure,
      b: figure,
      difference: null,
      verdict,
    })),
  })

  test.each([
    [answer('worse', 'alike', 'worse'), '2.4.1 is worse than 2.4.0 in upload lag p95, failed requests'],
    [answer('better', 'alike'), '2.4.1 is better than 2.4.0 in upload lag p95'],
    [answer('worse', 'better'), '2.4.1 is worse than 2.4.0 in upload lag p95; better in conflicts'],
    [answer('alike', 'unk'), 'Nothing tells 2.4.1 and 2.4.0 apart'],
    [answer('unk', 'unk'), 'Too little is known to tell 2.4.1 from 2.4.0'],
    [{ ...answer(), b: null }, 'There is one app version, and nothing to compare it with'],
  ])('%#', (given, sentence) => {
    expect(cohortSentence(given)).toBe(sentence)
  })

  test('a difference has its sign, its unit and its range', () => {
    const share = { value: 0.008, low: 0.003, high: 0.013 }
    expect(differenceText('failures', share)).toBe('+0.80 points (+0.30 to +1.30)')
    const lag = { value: -2_000, low: -5_000, high: 1_000 }
    expect(differenceText('uploadLag', lag)).toBe('−2 s (−5 s to +1 s)')
  })
})

describe('heat map', () => {
  const borders = [1_000, 5_000, MINUTE]
  const input = {
    fromMs: NOW - 3 * HOUR,
    toMs: NOW,
    stepMs: HOUR,
    bordersMs: borders,
    zone: 'UTC',
    columns: [
      { atMs: NOW - 3 * HOUR, counts: [9, 1, 0, 0] },
      { atMs: NOW - 2 * HOUR, counts: null },
      { atMs: NOW - HOUR, counts: [0, 0, 0, 4] },
    ],
  }

  test('the longest lags stand on top, a cell says its share of its column, and a gap is one', () => {
    const heat = prepareHeat(input)
    expect(heat.bands.map(({ label }) => label)).toEqual([
      'over 1 min',
      '5 s to 1 min',
      '1 s to 5 s',
      'under 1 s',
    ])
    expect(heat.cells.map(({ row, share, count }) => [row, share, count])).toEqual([
      [3, 0.9, 9],
      [2, 0.1, 1],
      [0, 1, 4],
    ])
    expect(heat.gaps).toEqual([{ leftPct: 33.33, widthPct: 33.34, word: null }])
    expect(heat.total).toBe(14)
  })

  test('its title says where most lie and how many lie beyond', () => {
    const of = (counts: number[]) =>
      heatSentence({ ...input, stage: 'upload', columns: [{ atMs: 0, counts }] })
    expect(of([0, 0, 0, 0])).toBe('No change was committed on arrival in this time')
    expect(of([7, 0, 0, 0])).toBe('Every change arrived within 1 s')
    expect(of([90, 5, 5, 0])).toBe('90.0 % of the changes arrived within 1 s; 10 changes took longer')
    expect(of([1, 0, 0, 9])).toBe('Some changes took over 1 min')
  })
})

describe('brush', () => {
  const field = { fromMs: NOW - HOUR, toMs: NOW, bucketMs: MINUTE }

  test('what is dragged over is shown in whole points, whichever way', () => {
    const there = spanAt(field, 0.51, 0.748, true)
    expect(there).toEqual({ fromMs: NOW - 30 * MINUTE, toMs: NOW - 15 * MINUTE, dragged: true })
    expect(spanAt(field, 0.748, 0.51, true)).toEqual(there)
    expect(spanAt(field, 0.5, 0.5, true)).toMatchObject({ toMs: NOW - 29 * MINUTE })
  })

  test('a click means the point under it', () => {
    expect(spanAt(field, 0.99, 0.991, false)).toEqual({ fromMs: NOW - MINUTE, toMs: NOW, dragged: false })
  })
})

describe('annotations', () => {
  const marks = marksOf([
    { atMs: 1, kind: 'release', what: '2.4.1', count: 1 },
    { atMs: 2, kind: 'replay', what: null, count: 3 },
    { atMs: 3, kind: 'replay', what: null, count: 1 },
  ])

  test('are letters where there is little room, and words where there is more', () => {
    expect(marks.map(({ letter, word }) => [letter, word])).toEqual([
      ['R', 'release 2.4.1'],
      ['P', '3 replays'],
      ['P', 'replay'],
    ])
    expect(marksLegend(marks)).toBe('R release 2.4.1 · P 3 replays · P replay')
    expect(marksLegend([])).toBeNull()
  })
})

describe('links', () => {
  const params = {
    version: '2.4.1',
    platform: null,
    source: null,
    collection: 'strikes',
    stage: 'upload',
  } as PillarParams

  test('a part of the fleet stays in the address, split by something else', () => {
    expect(partHref('/pillars/lag', 'range=1h', 'appVersion', '2.4.1')).toBe(
      '/pillars/lag?range=1h&version=2.4.1&by=platform',
    )
    expect(partHref('/pillars/lag', 'by=platform', 'platform', 'web')).toBe('/pillars/lag?platform=web')
  })

  test('the version that a page is about is the one that is compared', () => {
    expect(comparedPart({ ...params, a: null, b: null } as PillarParams)).toMatchObject({
      a: '2.4.1',
      collection: 'strikes',
    })
    expect(comparedPart({ ...params, a: '2.4.0', b: null } as PillarParams).a).toBe('2.4.0')
  })

  test('behind a pillar are the sessions or devices that make it, in the same time', () => {
    const query = 'from=2026-11-26T14:05:00Z&stage=upload'
    expect(behindHref('failures', query, params)).toBe(
      '/sessions?from=2026-11-26T14%3A05%3A00Z&q=version%3A2.4.1+collection%3Astrikes+result%3Afailed',
    )
    expect(behindHref('queue', '', params)).toBe('/devices?q=version%3A2.4.1+has%3Awaiting')
    expect(behindHref('lag', '', params)).toBe('/sessions?q=version%3A2.4.1+collection%3Astrikes')
    const [waiting, offline] = (['pending', 'offline'] as const).map((stage) => ({ ...params, stage }))
    expect(behindHref('lag', '', waiting as PillarParams)).toBe(
      '/devices?q=version%3A2.4.1+has%3Awaiting+connectivity%3Aonline',
    )
    expect(behindHref('lag', '', offline as PillarParams)).toBe(
      '/devices?q=version%3A2.4.1+connectivity%3Aoffline',
    )
    expect([params, waiting, offline].map((one) => behindLabel('lag', one as PillarParams))).toEqual([
      'Sessions',
      'Devices that hold changes',
      'Offline devices',
    ])
    expect(behindLabel('failures', offline as PillarParams)).toBe('Failed sessions')
    const ofOne = { ...params, version: null, source: 'powersync' }
    expect(behindHref('queue', '', ofOne)).toBe('/devices?q=source%3Apowersync+has%3Awaiting')
  })
})
