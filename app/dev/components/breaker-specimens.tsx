'use client'
import { BreakerPicture } from '#components/charts/breaker-picture.tsx'
import { SecondsChart } from '#components/charts/seconds-chart.tsx'
import { StateLanes } from '#components/charts/state-lanes.tsx'
import { Countdown } from '#components/ui/countdown.tsx'
import { Countup } from '#components/ui/countup.tsx'
import { Gauge } from '#components/ui/gauge.tsx'
import type { BreakerKind } from '#lib/application/breakers/terms.ts'
import { HOUR_MS, MINUTE_MS, NOW_MS, type Specimen } from './specimen.ts'

const SPAN = { fromMs: NOW_MS - 2 * MINUTE_MS, toMs: NOW_MS }
const FIRST_SECOND = SPAN.fromMs / 1_000
const TRIPS_AT = 80
/** Calls until it opens, then those that were shed. */
const SECONDS = Array.from({ length: 120 }, (_, n) => {
  const come = 8 + ((n * 7) % 6)
  return n < TRIPS_AT
    ? { second: FIRST_SECOND + n, calls: come, failures: n > 60 && n % 3 === 0 ? 2 : 0, shed: 0 }
    : { second: FIRST_SECOND + n, calls: 0, failures: 0, shed: come }
})
const SAYS = {
  trips: '≥ 5 % of ≥ 20 calls',
  waits: 'after 30 s … 5 min',
  heals: '5 of 5 good',
  probes: '5 trial calls',
}
const change = (lane: string, secondsAgo: number, before: BreakerKind, after: BreakerKind) => ({
  lane,
  atMs: NOW_MS - secondsAgo * 1_000,
  before,
  after,
})

export const BREAKER_SPECIMENS: readonly Specimen[] = [
  {
    files: ['charts/seconds-chart'],
    states: [
      {
        name: 'good, failed, shed; the mark has its word in another plot',
        show: () => (
          <SecondsChart
            {...SPAN}
            label="Calls a second"
            seconds={SECONDS}
            marks={[{ t: SPAN.fromMs + TRIPS_AT * 1_000, word: 'opens', letter: 'O' }]}
          />
        ),
      },
      { name: 'no call', show: () => <SecondsChart {...SPAN} label="Calls a second, none" seconds={[]} /> },
    ],
  },
  {
    files: ['charts/state-lanes'],
    states: [
      {
        name: 'two processes: one tripped, both held; strokes are trials',
        wide: true,
        show: () => (
          <StateLanes
            label="States of the breaker"
            fromMs={NOW_MS - 10 * MINUTE_MS}
            toMs={NOW_MS}
            changes={[
              change('web-1', 400, 'closed', 'open'),
              change('web-1', 370, 'open', 'half_open'),
              change('web-1', 369, 'half_open', 'open'),
              change('web-1', 200, 'open', 'forced_open'),
              change('web-2-of-a-host-with-a-long-name', 200, 'closed', 'forced_open'),
            ]}
          />
        ),
      },
    ],
  },
  {
    files: ['charts/breaker-picture'],
    states: (['closed', 'open', 'half_open', 'forced_open', 'forced_closed', 'metrics_only'] as const).map(
      (state) => ({
        name: state,
        show: () => <BreakerPicture state={state} now="now, 2 h 26 min" says={SAYS} />,
      }),
    ),
  },
  {
    files: ['ui/gauge'],
    states: [
      {
        name: 'over its line, under it, at the edges, not known',
        show: () => (
          <>
            <Gauge
              label="Failure rate"
              value="5.1 %"
              share={0.51}
              line={{ share: 0.5, word: 'line 5 %' }}
              over
            />
            <Gauge label="Calls" value="612" share={0.76} line={{ share: 0.02, word: 'minimum 20' }} />
            <Gauge label="Slow calls" value="1.2 %" share={0.012} line={{ share: 0.95, word: 'line 95 %' }} />
            <Gauge
              label="Failure rate"
              value="too few calls"
              share={null}
              line={{ share: 0.5, word: 'line 5 %' }}
            />
          </>
        ),
      },
    ],
  },
  {
    files: ['ui/countdown'],
    states: [
      {
        name: 'in the future, over',
        show: () => (
          <>
            ends in <Countdown until={NOW_MS + 20_000 * HOUR_MS} now={NOW_MS} over="a moment" />; ends in{' '}
            <Countdown until={0} now={NOW_MS} over="a moment" />
          </>
        ),
      },
    ],
  },
  {
    files: ['ui/countup'],
    states: [
      {
        name: 'for hours, just now',
        show: () => (
          <>
            open for <Countup since={NOW_MS - 5 * HOUR_MS} now={NOW_MS} />; open for{' '}
            <Countup since={NOW_MS + 20_000 * HOUR_MS} now={NOW_MS} />
          </>
        ),
      },
    ],
  },
]
