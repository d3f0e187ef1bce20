import { TimeChart } from '#components/charts/time-chart.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/field.tsx'
import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import type { WhatIf } from '#lib/application/breakers/what-if.ts'
import { WINDOW_SECONDS } from '#lib/application/breakers/terms.ts'
import { turnsAmong } from '#lib/application/breakers/turns.ts'
import { marksLegend, marksOf } from '../../pillars/mark-words.ts'
import { wholePercent } from '../breaker-words.ts'

type Props = {
  breaker: BreakerDetail
  answer: WhatIf
  /** Percent, calls, seconds as the address has them. */
  asked: { threshold: number | null; minimum: number | null; window: number | null }
  path: string
  /** What of the address stays. */
  kept: readonly (readonly [name: string, value: string])[]
  nowMs: number
}

const MINUTE_MS = 60_000

/** The last day replayed against another threshold, window or minimum. */
export function WhatIfPart({ breaker, answer, asked, path, kept, nowMs }: Props) {
  const { settings } = breaker
  const rate = asked.threshold === null ? settings.failureRateMax : asked.threshold / 100
  const minimum = asked.minimum ?? settings.callsMin
  const isAsked = rate !== settings.failureRateMax
  const points = answer.minutes.map(({ atMs, calls, failures }) => ({
    t: atMs,
    value: calls < minimum ? null : failures / calls,
  }))
  const judged = points.filter(({ value }) => value !== null).length
  const fromMs = answer.minutes[0]?.atMs ?? answer.fromMs
  const marks = marksOf(turnsAmong(breaker.changes, { fromMs, toMs: answer.toMs }))
  const legend = marksLegend(marks)
  return (
    <Section title={whatIfTitle(answer, asked)} note="what-if, last 24 h">
      <form className="what-if" action={path}>
        {kept.map(([name, value]) => (
          <input key={name} type="hidden" name={name} value={value} />
        ))}
        <TextField
          label="Threshold, %"
          name="threshold"
          type="number"
          min={0.1}
          max={100}
          step={0.1}
          defaultValue={Number((rate * 100).toPrecision(6))}
        />
        <TextField
          label="Minimum, calls"
          name="minimum"
          type="number"
          min={1}
          max={100_000}
          defaultValue={minimum}
        />
        <TextField
          label="Window, s"
          name="window"
          type="number"
          min={5}
          max={600}
          defaultValue={asked.window ?? WINDOW_SECONDS}
        />
        <Button type="submit">Replay the last day</Button>
      </form>
      {answer.minutes.length === 0 ? (
        <p className="sub">No call of it was counted in the last day, so there is nothing to replay.</p>
      ) : (
        <>
          <div className="wi">
            <TimeChart
              label="Failure rate of each minute, last 24 h"
              names={{ subject: 'Failure rate' }}
              fromMs={fromMs}
              toMs={answer.toMs}
              bucketMs={MINUTE_MS}
              format="percent"
              points={points}
              thresholds={[
                {
                  value: settings.failureRateMax,
                  word: `now ${wholePercent(settings.failureRateMax)}`,
                  tone: 'crit',
                },
                ...(isAsked
                  ? [{ value: rate, word: `what if ${wholePercent(rate)}`, tone: 'warn' as const }]
                  : []),
              ]}
              gapWord={`under ${minimum}: no rate`}
              marks={marks}
              markLetters
              height={126}
            />
            <table aria-label="The last day by threshold">
              <thead>
                <tr>
                  <th scope="col">Threshold</th>
                  <th scope="col" className="num">
                    First trip
                  </th>
                  <th scope="col" className="num">
                    Trips
                  </th>
                  <th scope="col" className="num">
                    Open for
                  </th>
                  <th scope="col" className="num">
                    Would have shed
                  </th>
                </tr>
              </thead>
              <tbody>
                {answer.rates.map(({ failureRateMax, run }) => (
                  <tr key={failureRateMax} className={isAsked && failureRateMax === rate ? 'on' : undefined}>
                    <td>
                      <b>{wholePercent(failureRateMax)}</b>{' '}
                      <span className="den">
                        {failureRateMax === settings.failureRateMax
                          ? 'now'
                          : failureRateMax === rate
                            ? 'what if'
                            : ''}
                      </span>
                    </td>
                    <td className="num">
                      {run.trips[0] === undefined ? (
                        'never'
                      ) : (
                        <Time at={run.trips[0].second * 1_000} now={nowMs} show="clock" />
                      )}
                    </td>
                    <td className="num">{formatCount(run.trips.length)}</td>
                    <td className="num">
                      {run.openSeconds === 0 ? '0' : formatDuration(run.openSeconds * 1_000)}
                    </td>
                    <td className="num">
                      {formatCount(run.shed)} <span className="den">of {formatCount(run.calls)}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className="sub">
            One point a minute, {plural(judged, 'minute')} of {formatCount(answer.minutes.length)} with at
            least {formatCount(minimum)} calls, of all processes as one. What an open breaker shed in truth is
            not known, so nothing is said of it.{legend === null ? '' : ` ${legend}.`}
          </p>
        </>
      )}
    </Section>
  )
}

/** Pure. */
export function whatIfTitle({ now, asked: run, minutes }: WhatIf, asked: Props['asked']): string {
  if (minutes.length === 0) return 'Nothing is known of the last day'
  const isSame = asked.threshold === null && asked.minimum === null && asked.window === null
  if (isSame)
    return run.trips.length === 0
      ? 'As it is set, the calls of the last day would not have opened it'
      : `As it is set, the calls of the last day would have opened it ${times(run.trips.length)}`
  const says = [
    asked.threshold === null ? null : `at ${asked.threshold} %`,
    asked.minimum === null ? null : `of ${plural(asked.minimum, 'call')} or more`,
    asked.window === null ? null : `over ${asked.window} s`,
  ].filter((part) => part !== null)
  const what = says.join(' ')
  const than =
    now.trips.length === run.trips.length ? 'as often as now' : `now: ${formatCount(now.trips.length)}`
  return `${what.charAt(0).toUpperCase()}${what.slice(1)} it would have opened ${times(run.trips.length)} (${than}) and shed ${plural(run.shed, 'call')}, ${plural(run.failuresShed, 'failed one', 'failed ones')} among them`
}

const times = (count: number): string =>
  count === 0 ? 'never' : count === 1 ? 'once' : `${formatCount(count)} times`
