import { windowRates } from '#components/charts/prepare-seconds.ts'
import { SecondsChart } from '#components/charts/seconds-chart.tsx'
import { TimeChart } from '#components/charts/time-chart.tsx'
import { formatCount, formatPercent } from '#components/ui/format.ts'
import { Gauge } from '#components/ui/gauge.tsx'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { WINDOW_SECONDS } from '#lib/application/breakers/terms.ts'
import { causesOf, wholePercent } from '../breaker-words.ts'
import { isFresh, limitsOfTrip, tripSentence, type Tripped } from '../trip-words.ts'

type Props = {
  breaker: BreakerDetail
  /** The trip that is looked at; null for the last two minutes. */
  trip: Tripped | null
  atMs: number | null
  nowMs: number
}

const BEFORE_MS = 80_000
const AFTER_MS = 40_000
const SECOND_MS = 1_000
/** Both plots have the same seconds above each other. */
const AXIS_PX = 40
/** What is a full gauge of calls, in minima. */
const GAUGE_MINIMA = 40

/** The window second by second against its lines: around a moment, or up to now. */
export function WindowPart({ breaker, trip, atMs, nowMs }: Props) {
  const { settings, seconds, changes } = breaker
  const limits = limitsOfTrip(trip, settings)
  const nowSecondMs = Math.floor(nowMs / SECOND_MS) * SECOND_MS
  const fromMs = (atMs ?? nowSecondMs - AFTER_MS) - BEFORE_MS
  const toMs = (atMs ?? nowSecondMs - AFTER_MS) + AFTER_MS
  const marks = changes
    .filter((change) => change.atMs >= fromMs && change.atMs <= toMs)
    .map(({ atMs: t, after }) => ({ t, letter: after.charAt(0).toUpperCase(), word: MARKS[after] }))
  const points = windowRates(
    seconds,
    { callsMin: limits.callsMin, windowSeconds: WINDOW_SECONDS },
    { fromMs, toMs },
  )
  const about = atMs === null ? 'the last two minutes' : 'the two minutes around this moment'
  return (
    <Section
      title={<Title {...{ breaker, trip, atMs, nowMs }} />}
      note={trip ? causesOf(trip.trip.bad) : 'all processes'}
    >
      <Gauges {...{ breaker, trip, atMs, nowMs }} />
      <TimeChart
        label={`Failure rate over the 60 s before each second, ${about}`}
        names={{ subject: 'Failure rate' }}
        fromMs={fromMs}
        toMs={toMs}
        bucketMs={SECOND_MS}
        format="percent"
        points={points}
        thresholds={[
          {
            value: limits.failureRateMax,
            word: `breaker ${wholePercent(limits.failureRateMax)}`,
            tone: 'crit',
          },
        ]}
        marks={spaced(oneEach(marks))}
        gapWord={`under ${limits.callsMin}: no rate`}
        height={92}
        axisWidth={AXIS_PX}
      />
      <SecondsChart
        label={`Calls a second, ${about}`}
        fromMs={fromMs}
        toMs={toMs}
        seconds={seconds}
        marks={oneEach(marks)}
        axisWidth={AXIS_PX}
      />
    </Section>
  )
}

const MARKS = {
  open: 'opens',
  half_open: 'trial',
  closed: 'closes',
  forced_open: 'forced open',
  forced_closed: 'forced closed',
  metrics_only: 'counts only',
} as const

/** Several processes do the same within moments. */
const APART_MS = 4_000
const oneEach = <M extends { t: number; word: string }>(marks: readonly M[]): readonly M[] =>
  marks
    .toSorted((a, b) => a.t - b.t)
    .filter(
      (mark, index, all) =>
        !all.slice(0, index).some(({ t, word }) => word === mark.word && mark.t - t < APART_MS),
    )

/** Words of marks so near each other would lie on each other: the first of them has them all. */
const WORD_ROOM_MS = 15_000
export function spaced<M extends { t: number; word: string }>(marks: readonly M[]): readonly M[] {
  const kept: M[] = []
  let leader = -1
  for (const mark of marks) {
    const led = kept[leader]
    if (led === undefined || mark.t - led.t >= WORD_ROOM_MS) leader = kept.push(mark) - 1
    else {
      kept[leader] = { ...led, word: `${led.word}, ${mark.word}` }
      kept.push({ ...mark, word: '' })
    }
  }
  return kept
}

function Title({ breaker, trip, atMs, nowMs }: Props) {
  if (trip)
    return (
      <>
        {tripSentence(trip, breaker.settings)} <Time at={trip.atMs} now={nowMs} show="clock" />
      </>
    )
  if (atMs !== null)
    return (
      <>
        The minutes around <Time at={atMs} now={nowMs} show="clock" />
      </>
    )
  return 'The last two minutes, second by second'
}

function Gauges({ breaker, trip, nowMs }: Props) {
  const { slowMs } = breaker.settings
  const settings = limitsOfTrip(trip, breaker.settings)
  // A trial that failed is told by one call: the gauges show the window before it.
  const isWindow = trip !== null && isFresh(trip)
  const { calls, failures, slow } = isWindow ? trip.trip : lastWindow(breaker, trip?.atMs ?? nowMs)
  const known = calls >= settings.callsMin
  const rate = (part: number): number | null => (known ? part / calls : null)
  const said = (part: number): string => (known ? formatPercent(part / calls) : 'too few calls')
  return (
    <div className="gauges">
      <Gauge
        label="Failure rate in window"
        value={said(failures)}
        share={gaugeShare(rate(failures), settings.failureRateMax)}
        line={{ share: 0.5, word: `line ${wholePercent(settings.failureRateMax)}` }}
        over={known && failures / calls >= settings.failureRateMax}
      />
      <Gauge
        label="Calls in window"
        value={formatCount(calls)}
        share={Math.min(1, calls / (settings.callsMin * GAUGE_MINIMA))}
        line={{ share: 1 / GAUGE_MINIMA, word: `minimum ${formatCount(settings.callsMin)}` }}
      />
      <Gauge
        label={`Slow calls, over ${slowMs / SECOND_MS} s`}
        value={said(slow)}
        share={rate(slow)}
        line={{ share: settings.slowRateMax, word: `line ${wholePercent(settings.slowRateMax)}` }}
        over={known && slow / calls >= settings.slowRateMax}
      />
    </div>
  )
}

/** The line stands in the middle. */
const gaugeShare = (rate: number | null, line: number): number | null =>
  rate === null ? null : Math.min(1, rate / (2 * line))

function lastWindow({ seconds }: BreakerDetail, nowMs: number) {
  const last = Math.floor(nowMs / SECOND_MS)
  const recent = seconds.filter(({ second }) => second > last - WINDOW_SECONDS && second <= last)
  const sum = (key: 'calls' | 'failures' | 'slow'): number =>
    recent.reduce((total, one) => total + one[key], 0)
  return { calls: sum('calls'), failures: sum('failures'), slow: sum('slow') }
}
