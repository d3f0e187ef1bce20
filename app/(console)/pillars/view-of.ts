import {
  capitalised,
  formatCount,
  formatDuration,
  formatPercent,
  formatRound,
  plural,
} from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import { notArrivedWords } from './pending-view.ts'
import { conflictsChart, failuresChart, lagChart, queueChart } from './pillar-charts.ts'
import { breakdown, type PillarView } from './pillar-view.ts'
import {
  compareWords,
  holdersWords,
  inRange,
  points,
  TOLD_BY,
  wholePercent,
  type RangeText,
} from './pillar-words.ts'
import type { LagStage } from './search-params.ts'

type Answer = OverviewAnswer
type Level = Answer['lag']['level']

/** "within its target of 5 min", "over its warning of 5 min". */
const judged = (level: Level, ok: string, warn: string, crit: string): string =>
  ({ ok: `, ${ok}`, warn: `, ${warn}`, crit: `, ${crit}`, unk: '' })[level]

/** Sync lag: how long a change takes from one place to the next. Pure. */
export function lagView(lag: Answer['lag'], stage: LagStage, range: RangeText): Omit<PillarView, 'marks'> {
  const figure = lag.figure?.[stage] ?? null
  const { lagWarnMs, lagCriticalMs } = lag.limits
  const level = stage === 'upload' ? lag.level : 'unk'
  const p95 = figure?.p95 ?? null
  const name = capitalised(stage)
  const limit = judged(
    level,
    `within its target of ${formatRound(lagWarnMs)}`,
    `over its target of ${formatRound(lagWarnMs)}`,
    `over its critical ${formatRound(lagCriticalMs)}`,
  )
  const previous = lag.previous?.[stage].p95 ?? null
  const clamped = lag.figure?.clamped ?? 0
  const mean = lag.figure?.deliveryMeanMs ?? null
  return {
    sentence:
      p95 === null
        ? `${name} lag is not known: no change was ${TOLD_BY[stage]} ${inWords(range)}`
        : `${name} lag p95 is ${formatDuration(p95)}${limit}`,
    evidence:
      figure === null || figure.count === 0
        ? stage === 'delivery' && mean !== null
          ? `Told as a sum alone: the mean is ${formatDuration(mean)}, and there are no quantiles.`
          : `Only what is ${TOLD_BY[stage]} has a lag; ${notArrivedWords(lag.figure?.pending ?? null)}`
        : [
            `${plural(figure.count, 'sample')}, ${inRange(range)}`,
            `p50 ${formatDuration(figure.p50)}, p99 ${formatDuration(figure.p99)}, longest ${formatDuration(figure.max)}`,
            compareWords(p95, previous, range, (ms) => formatDuration(ms), 'slower', 'faster'),
            ...(stage !== 'delivery' || mean === null
              ? []
              : [`other engines tell a mean of ${formatDuration(mean)} alone, which is in none of these`]),
            ...(clamped > 0 ? [`${formatCount(clamped)} came out negative and count as 0`] : []),
            notArrivedWords(lag.figure?.pending ?? null),
          ].join('; '),
    level,
    subject: `${stage} lag p95`,
    chart: lagChart(lag, stage),
    groups: lag.groups.map(({ key, figure: of, level: its, points: over }) => ({
      key,
      value: of[stage].p95 === null ? null : formatDuration(of[stage].p95),
      level: stage === 'upload' ? its : 'unk',
      of: of[stage].count === 0 ? '' : plural(of[stage].count, 'sample'),
      trend: over.map((point) => point.figure?.[stage].p95 ?? null),
    })),
    groupsLeftOut: lag.groupsLeftOut,
    breakdowns: [],
  }
}

/** Conflict rate: how often a pushed change met another's. Pure. */
export function conflictsView(
  conflicts: Answer['conflicts'],
  range: RangeText,
  source: string | null = null,
): Omit<PillarView, 'marks'> {
  const { figure, level, limits, previous } = conflicts
  const share = figure?.mutations ?? null
  const sessions = figure?.sessions ?? null
  const limit = judged(
    level,
    `under ${wholePercent(limits.conflictWarn)}`,
    `over ${wholePercent(limits.conflictWarn)}`,
    `over ${wholePercent(limits.conflictFriction)}: people feel it`,
  )
  return {
    sentence:
      share?.rate == null
        ? notToldBy(source, 'its changes') || `No change was pushed ${inWords(range)}`
        : `${formatPercent(share.rate)} of pushed changes needed resolution${limit}`,
    evidence:
      share === null
        ? 'There is no telemetry in this time.'
        : [
            `${formatCount(share.part)} of ${formatCount(share.whole)} pushed, ${inRange(range)}`,
            ...(sessions === null || sessions.whole === 0
              ? []
              : [`in ${formatCount(sessions.part)} of ${plural(sessions.whole, 'session')}`]),
            compareWords(share.rate, previous?.mutations.rate ?? null, range, points, 'above', 'below'),
          ].join('; '),
    level,
    subject: 'conflict rate',
    chart: conflictsChart(conflicts),
    groups: conflicts.groups.map(({ key, figure: { mutations }, level: its, points: over }) => ({
      key,
      value: mutations.rate === null ? null : formatPercent(mutations.rate),
      level: its,
      of: shareWords(mutations),
      trend: over.map((point) => point.figure?.mutations.rate ?? null),
    })),
    groupsLeftOut: conflicts.groupsLeftOut,
    breakdowns:
      figure === null
        ? []
        : [
            breakdown(
              'By outcome',
              'who was kept',
              Object.entries(figure.byOutcome).map(([key, count]) => ({ key: OUTCOMES[key] ?? key, count })),
            ),
            breakdown('By strategy', 'of the collection or field', figure.byStrategy),
          ],
  }
}

const OUTCOMES: Readonly<Record<string, string>> = {
  local: 'the pushed change',
  remote: 'what the server had',
  merge: 'both',
  manual: 'left to a person',
}

/** Failure rate: how often the server answered 4xx or 5xx. Pure. */
export function failuresView(
  failures: Answer['failures'],
  range: RangeText,
  collection: string | null,
  source: string | null = null,
): Omit<PillarView, 'marks'> {
  const { figure, level, limits, previous } = failures
  const share = figure?.requests ?? null
  const limit = judged(
    level,
    `under ${wholePercent(limits.failureWarn)}`,
    `over ${wholePercent(limits.failureWarn)}`,
    `over ${wholePercent(limits.failureBreaker)}`,
  )
  return {
    sentence:
      share === null
        ? collection === null
          ? `No request was counted ${inWords(range)}`
          : 'Requests are not told by collection'
        : share.rate === null
          ? (share.whole === 0 && notToldBy(source, 'its requests')) ||
            `Not enough traffic to say: ${formatCount(share.part)} of ${plural(share.whole, 'request')} failed`
          : `${formatPercent(share.rate)} of requests fail${limit}`,
    evidence:
      share === null || figure === null
        ? collection === null
          ? 'There is no telemetry in this time.'
          : 'Each may hold changes of several: take the collection away.'
        : [
            `${formatCount(share.part)} of ${plural(share.whole, 'request')}, ${inRange(range)}`,
            `${formatCount(figure.sessions.part)} of ${plural(figure.sessions.whole, 'session')} failed${figure.sessions.rate === null ? '' : `, ${formatPercent(figure.sessions.rate)}`}`,
            ...(figure.shed > 0 ? [`${formatCount(figure.shed)} more were told to wait, counted apart`] : []),
            compareWords(share.rate, previous?.requests.rate ?? null, range, points, 'above', 'below'),
          ].join('; '),
    level,
    subject: 'failure rate',
    chart: failuresChart(failures),
    groups: failures.groups.map(({ key, figure: { requests }, level: its, points: over }) => ({
      key,
      value: requests.rate === null ? null : formatPercent(requests.rate),
      level: its,
      of: shareWords(requests),
      trend: over.map((point) => point.figure?.requests.rate ?? null),
    })),
    groupsLeftOut: failures.groupsLeftOut,
    breakdowns: figure === null ? [] : [breakdown('By code', 'of failed requests', figure.byCode, 'code')],
  }
}

/** Queue depth: what waits on devices as they last reported. Pure. */
export function queueView(queue: Answer['queue'], range: RangeText): Omit<PillarView, 'marks'> {
  const { figure, level, limits, previous } = queue
  const devices = figure?.devices ?? null
  const deep = (devices?.depth.max ?? 0) > limits.queueWarn
  const limit = judged(
    level,
    'no queue is deep or old',
    deep
      ? `one holds over ${formatCount(limits.queueWarn)}`
      : `the oldest over ${formatRound(limits.oldestWarnMs)}`,
    `one holds over ${formatCount(limits.queueCritical)}`,
  )
  return {
    sentence:
      figure === null
        ? `No device was counted ${inWords(range)}`
        : figure.depth === null
          ? 'What waits on these devices is not reported'
          : `${plural(figure.depth, 'change')} ${figure.depth === 1 ? 'waits' : 'wait'} on devices${limit}`,
    evidence:
      figure === null
        ? 'What waits is counted once a minute, from what devices last reported.'
        : [
            ...(devices === null
              ? []
              : [
                  holdersWords(figure, devices),
                  ...(devices.depth.max === null
                    ? []
                    : [`deepest ${formatCount(devices.depth.max)}, p95 ${formatCount(devices.depth.p95)}`]),
                  ...(devices.oldestAgeMs === null ? [] : [`oldest ${formatDuration(devices.oldestAgeMs)}`]),
                  ...(devices.reportAge.p50 === null
                    ? []
                    : [`reports have a median age of ${formatDuration(devices.reportAge.p50)}`]),
                ]),
            compareWords(figure.depth, previous?.depth ?? null, range, formatCount, 'above', 'below'),
          ].join('; '),
    level,
    subject: 'changes waiting',
    chart: queueChart(queue),
    groups: queue.groups.map(({ key, figure: of, level: its, points: over }) => ({
      key,
      value: of.depth === null ? null : formatCount(of.depth),
      level: its,
      of: of.devices === null || of.depth === null ? '' : holdersWords(of, of.devices),
      trend: over.map((point) => point.figure?.depth ?? null),
    })),
    groupsLeftOut: queue.groupsLeftOut,
    breakdowns: [],
  }
}

const shareWords = ({ part, whole }: { part: number; whole: number }): string =>
  whole === 0 ? '' : `${formatCount(part)} / ${formatCount(whole)}`

/** The page is about one engine of others; empty where it isn't. */
const notToldBy = (source: string | null, what: string): string =>
  source === null || source === OWN_SOURCE ? '' : `${source} has not told of ${what} in this time`

/** "in the last 24 h", "in the time chosen". */
const inWords = (range: RangeText): string =>
  range.label.startsWith('Last') ? `in the ${inRange(range)}` : inRange(range)
