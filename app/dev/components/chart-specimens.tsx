'use client'
import { BarChart } from '#components/charts/bar-chart.tsx'
import { FieldHeat } from '#components/charts/field-heat.tsx'
import { HeatMap } from '#components/charts/heat-map.tsx'
import { PendingChart } from '#components/charts/pending-chart.tsx'
import { SessionLanes, SessionStrip } from '#components/charts/session-timeline.tsx'
import { Sparkline } from '#components/charts/sparkline.tsx'
import { StateMachine } from '#components/charts/state-machine.tsx'
import { TimeChart } from '#components/charts/time-chart.tsx'
import { BUCKET_MS, DAY, LAG_MARKS, SEGMENTS, wave, withGap, withPeak } from './chart-data.ts'
import { HOUR_MS, MINUTE_MS, NOW_MS, type Specimen } from './specimen.ts'

const LAG = { ...DAY, format: 'duration', names: { subject: 'upload lag p95', past: 'yesterday' } } as const
const RATE = { ...DAY, format: 'percent', names: { subject: 'failure rate' } } as const
const LAG_POINTS = wave(2 * MINUTE_MS, 4 * MINUTE_MS)
const LIMIT = [{ value: 5 * MINUTE_MS, word: 'warn 5 min', tone: 'warn' }] as const
const RATE_LIMIT = [{ value: 0.01, word: 'warn 1 %', tone: 'warn' }] as const
const COUNTS = wave(0, 560).map(({ t, value }) => ({ t, value: Math.round(value ?? 0) }))

const STATES = {
  idle: 8_911,
  scanning: 12,
  pushing: 46,
  pulling: 71,
  resolving: 9,
  committing: 7,
  offline: 1_029,
  shed: 2_302,
  backoff: 64,
  resyncing: 18,
  halted: 11,
}
const NO_STATES = {
  idle: 0,
  scanning: 0,
  pushing: 0,
  pulling: 0,
  resolving: 0,
  committing: 0,
  offline: 0,
  shed: 0,
  backoff: 0,
  resyncing: 0,
  halted: 0,
}

const heatColumns = (counts: (n: number) => readonly number[] | null) =>
  Array.from({ length: 48 }, (_, n) => ({ atMs: DAY.fromMs + n * 3 * BUCKET_MS, counts: counts(n) }))
const HEAT = {
  fromMs: DAY.fromMs,
  toMs: DAY.toMs,
  stepMs: 3 * BUCKET_MS,
  bordersMs: [1_000, 10_000, 60_000, 600_000],
}

const FIELD_LIST = { list: { path: '/conflicts', query: '' }, timeKey: 'arose' }

export const CHART_SPECIMENS: readonly Specimen[] = [
  {
    files: [
      'charts/time-chart',
      'charts/time-chart-lines',
      'charts/still-lines',
      'charts/time-ticks',
      'charts/plot-frame',
      'charts/brush',
      'charts/series-table',
    ],
    states: [
      {
        name: 'against yesterday, with limit, marks and a clipped peak; point at it, drag over it',
        show: () => (
          <TimeChart
            {...LAG}
            label="Upload lag over a day"
            points={withPeak(withGap(LAG_POINTS, 58, 61), 61, 22 * MINUTE_MS)}
            past={wave(2 * MINUTE_MS, 4 * MINUTE_MS, 0.4)}
            thresholds={LIMIT}
            marks={LAG_MARKS}
            markLetters
            brush={{}}
          />
        ),
      },
      {
        name: 'too few calls',
        show: () => (
          <TimeChart
            {...RATE}
            label="Failure rate over a day"
            points={withGap(wave(0.003, 0.005), 70, 112)}
            thresholds={RATE_LIMIT}
            gapWord="too few calls"
          />
        ),
      },
      {
        name: 'with shaded stretches, one of a moment, and a bound that moves',
        show: () => (
          <TimeChart
            {...RATE}
            label="A rule over a day"
            names={{ subject: 'figure', past: 'bound' }}
            points={withPeak(wave(0.003, 0.005), 100, 0.02)}
            past={wave(0.006, 0.009, 0.4)}
            stretches={[
              { fromMs: NOW_MS - 8 * HOUR_MS, toMs: NOW_MS - 6 * HOUR_MS },
              { fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS - HOUR_MS },
            ]}
          />
        ),
      },
      {
        name: 'nothing known',
        show: () => (
          <TimeChart
            {...RATE}
            label="Failure rate, not known"
            points={withGap(wave(0, 1), 0, 144)}
            gapWord="no data"
          />
        ),
      },
      {
        name: 'a single value; all zero',
        show: () => (
          <>
            <TimeChart
              {...RATE}
              label="Failure rate, one value"
              points={withGap(withGap(wave(0.004, 0.006), 0, 80), 81, 144)}
            />
            <TimeChart {...RATE} label="Failure rate, zero" points={wave(0, 0)} thresholds={RATE_LIMIT} />
          </>
        ),
      },
    ],
  },
  {
    files: ['charts/bar-chart'],
    states: [
      {
        name: 'counts, none, no data, a mark',
        show: () => (
          <BarChart
            {...DAY}
            label="Dead letters per 10 minutes"
            name="dead letters"
            points={withGap(COUNTS, 90, 100).map((point, n) => (n < 30 ? { ...point, value: 0 } : point))}
            marks={LAG_MARKS}
          />
        ),
      },
      {
        name: 'nothing counted',
        show: () => <BarChart {...DAY} label="Dead letters, none" name="dead letters" points={wave(0, 0)} />,
      },
    ],
  },
  {
    files: ['charts/heat-map', 'charts/heat-cells'],
    states: [
      {
        name: 'spread over time, with no data; point at a cell',
        show: () => (
          <HeatMap
            {...HEAT}
            label="Upload lag over a day"
            name="changes"
            columns={heatColumns((n) =>
              n > 20 && n < 24 ? null : [40 + n, 200 - n, 60, n % 7, n === 40 ? 9 : 0],
            )}
          />
        ),
      },
      {
        name: 'nothing known',
        show: () => (
          <HeatMap {...HEAT} label="Upload lag, not known" name="changes" columns={heatColumns(() => null)} />
        ),
      },
    ],
  },
  {
    files: ['charts/field-heat'],
    states: [
      {
        name: 'fields of two collections, others together, with no data; click a cell or a name',
        show: () => (
          <FieldHeat
            {...HEAT}
            {...FIELD_LIST}
            label="Conflicts by field over a day"
            rows={[
              { label: 'status', of: 'strike-reports', count: 412, share: 0.62, q: 'field:/status' },
              { label: 'damage.costs[]', of: 'strike-reports', count: 96, share: 0.14, q: 'field:/damage' },
              {
                label: 'a field with quite a long name of its own',
                of: 'inspections',
                count: 3,
                share: 1,
                q: null,
              },
            ]}
            othersLeft={14}
            columns={heatColumns((n) =>
              n > 20 && n < 24 ? null : [n % 12, n % 5 === 0 ? 2 : 0, n === 40 ? 3 : 0, 1],
            )}
          />
        ),
      },
      {
        name: 'one field, one conflict',
        show: () => (
          <FieldHeat
            {...HEAT}
            {...FIELD_LIST}
            label="Conflicts by field, one"
            rows={[{ label: 'remarks', count: 1, share: 0.5, q: 'field:/remarks' }]}
            othersLeft={0}
            columns={heatColumns((n) => [n === 30 ? 1 : 0, 0])}
          />
        ),
      },
    ],
  },
  {
    files: ['charts/sparkline'],
    states: [
      {
        name: 'bars, line, gaps, none',
        show: () => (
          <div className="specimen-row">
            <Sparkline label="24 h, peak 560" values={COUNTS.slice(0, 24).map(({ value }) => value)} />
            <Sparkline
              label="as a line"
              shape="line"
              values={withGap(COUNTS, 8, 12)
                .slice(0, 24)
                .map(({ value }) => value)}
            />
            <Sparkline label="not known" values={[null, null, null]} />
            <Sparkline label="none" values={[0, 0, 0, 0]} />
          </div>
        ),
      },
    ],
  },
  {
    files: ['charts/pending-chart'],
    states: [
      {
        name: 'known, a lower bound, not told',
        show: () => (
          <PendingChart
            fromMs={NOW_MS - 6 * HOUR_MS}
            toMs={NOW_MS}
            warnMs={HOUR_MS}
            label="Age of the oldest change"
            pieces={[
              {
                fromMs: NOW_MS - 5 * HOUR_MS,
                toMs: NOW_MS - 4 * HOUR_MS,
                fromAgeMs: 0,
                toAgeMs: HOUR_MS,
                lowerBound: false,
              },
              {
                fromMs: NOW_MS - 2 * HOUR_MS,
                toMs: NOW_MS,
                fromAgeMs: MINUTE_MS,
                toAgeMs: 2 * HOUR_MS,
                lowerBound: true,
              },
            ]}
          />
        ),
      },
      {
        name: 'nothing told',
        show: () => (
          <PendingChart
            fromMs={NOW_MS - 6 * HOUR_MS}
            toMs={NOW_MS}
            warnMs={HOUR_MS}
            label="Not told"
            pieces={[]}
          />
        ),
      },
    ],
  },
  {
    files: ['charts/session-timeline'],
    states: [
      { name: 'one line', show: () => <SessionStrip segments={SEGMENTS} /> },
      {
        name: 'lanes, with a mark',
        wide: true,
        show: () => (
          <SessionLanes
            segments={SEGMENTS}
            fromMs={NOW_MS - 2 * MINUTE_MS}
            toMs={NOW_MS}
            label="States of the session"
            marks={[{ t: NOW_MS - MINUTE_MS, word: 'override' }]}
          />
        ),
      },
    ],
  },
  {
    files: ['charts/state-machine', 'charts/state-edges'],
    states: [
      {
        name: 'with rates, many shed',
        wide: true,
        show: () => (
          <StateMachine
            counts={STATES}
            total={12_480}
            rates={{
              'idle>scanning': 361,
              'scanning>pushing': 829,
              'committing>idle': 361,
              'pushing>shed': 457,
            }}
            hrefs={{ shed: '#', offline: '#' }}
          />
        ),
      },
      { name: 'empty', wide: true, show: () => <StateMachine counts={NO_STATES} total={0} /> },
    ],
  },
]
