/** What is said of the four pillars, from the figures alone: on the Overview's cards and on each one's page. Pure. */
import { fieldName } from '#lib/protocol/field-name.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import {
  formatAge,
  formatCount,
  formatDuration,
  formatPercent,
  formatRound,
  NOT_KNOWN,
  percentFigure,
  plural,
} from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import type { LagStage } from './search-params.ts'

/** `label` is the range ("Last 24 h"), `compare` the time before it ("vs yesterday"). */
export type RangeText = { label: string; compare: string }

export type CardWords = {
  caption: string
  status: { kind: StatusKind; word: string }
  figure: { value: string; unit?: string; unsure?: boolean }
  sentence: string
  evidence: readonly string[]
  note?: { kind: StatusKind; text: string }
}

type Answer = OverviewAnswer

/** What a change has to be for a lag of the stage. What died, lost or waits for a person has arrived, too, and is neither. */
export const TOLD_BY: Readonly<Record<LagStage, string>> = {
  upload: 'committed on arrival',
  delivery: 'delivered',
  visibility: 'delivered',
}

export function lagWords(
  { lag, limits, asOf }: Pick<Answer, 'lag' | 'limits' | 'asOf'>,
  range: RangeText,
): CardWords {
  const upload = lag.figure?.upload
  const p95 = upload?.p95 ?? null
  return {
    caption: 'Sync lag',
    status: {
      kind: lag.level,
      word: {
        ok: 'Within target',
        warn: `Over ${formatRound(limits.lagWarnMs)}`,
        crit: `Over ${formatRound(limits.lagCriticalMs)}`,
        unk: 'No sample',
      }[lag.level],
    },
    figure: p95 === null ? { value: NOT_KNOWN, unsure: true } : { value: formatDuration(p95) },
    sentence: `upload lag p95, target under ${formatRound(limits.lagWarnMs)}`,
    evidence: [
      upload === undefined || upload.count === 0
        ? `no change ${TOLD_BY.upload}, ${inRange(range)}`
        : `${plural(upload.count, 'change')} ${TOLD_BY.upload}, ${inRange(range)} · p50 ${formatDuration(upload.p50)}`,
      compareWords(
        p95,
        lag.previous?.upload.p95 ?? null,
        range,
        (ms) => formatDuration(ms),
        'slower',
        'faster',
      ),
    ],
    note: pendingNote(lag.figure?.pending ?? null, limits.oldestWarnMs, asOf.nowMs),
  }
}

export function conflictRateWords(
  { conflicts, limits, queue }: Pick<Answer, 'conflicts' | 'limits' | 'queue'>,
  range: RangeText,
  /** Where a collection indicates friction, in a line. */
  friction: string | null = null,
): CardWords {
  const share = conflicts.figure?.mutations
  const manual = conflicts.figure?.byOutcome.manual ?? 0
  const open = queue.figure?.server?.openConflicts ?? null
  const fields = (conflicts.figure?.topFields ?? []).slice(0, 2)
  const places = fields.map(
    ({ key, count }) => `${formatCount(count)} on ${key === '' ? 'the whole record' : fieldName(key)}`,
  )
  const where = places.length === 0 ? [] : [`by field: ${places.join(', ')}`]
  return {
    caption: 'Conflict rate',
    status: {
      kind: conflicts.level,
      word: rateWord(
        conflicts.level,
        limits.conflictWarn,
        limits.conflictFriction,
        share?.whole ? 'Too few changes' : 'Nothing pushed',
      ),
    },
    figure: rateFigure(share?.rate ?? null),
    sentence: 'of pushed changes needed resolution',
    evidence: [
      share === undefined
        ? `no telemetry, ${inRange(range)}`
        : share.whole === 0
          ? `no change pushed, ${inRange(range)}`
          : `${formatCount(share.part)} of ${formatCount(share.whole)} pushed, ${inRange(range)}`,
      compareWords(
        share?.rate ?? null,
        conflicts.previous?.mutations.rate ?? null,
        range,
        points,
        'above',
        'below',
      ),
    ],
    ...((share === undefined || share.part === 0) && !open
      ? {}
      : {
          note: {
            kind: open || friction !== null ? ('warn' as const) : ('unk' as const),
            text:
              friction === null
                ? [waitingWords(open, manual), ...where].join('; ')
                : `${waitingWords(open, manual)}. ${friction}`,
          },
        }),
  }
}

/** What waits now, else what of the range was left to a person: it may be decided by now. */
function waitingWords(open: number | null, manual: number): string {
  if (open === null) return `${formatCount(manual)} went to a person`
  if (open === 0) return 'None waits for a person'
  return `${formatCount(open)} ${open === 1 ? 'waits' : 'wait'} for a person`
}

export function failureWords(
  { failures, limits }: Pick<Answer, 'failures' | 'limits'>,
  range: RangeText,
): CardWords {
  const figure = failures.figure
  const share = figure?.requests
  const few = share !== undefined && share.rate === null && share.whole > 0
  const top = figure?.byCode[0]
  const causes = top === undefined ? '' : `Mostly ${top.key}, ${plural(top.count, 'time')}. `
  return {
    caption: 'Failure rate',
    status: {
      kind: failures.level,
      word: rateWord(failures.level, limits.failureWarn, limits.failureBreaker, 'Not enough traffic'),
    },
    figure: few
      ? { value: `${formatCount(share.part)} of ${formatCount(share.whole)}`, unsure: true }
      : rateFigure(share?.rate ?? null),
    sentence: few ? 'requests failed; a rate needs 20' : 'of requests fail',
    evidence: [
      share === undefined
        ? `no telemetry, ${inRange(range)}`
        : share.whole === 0
          ? `no request, ${inRange(range)}`
          : `${formatCount(share.part)} of ${plural(share.whole, 'request')}, ${inRange(range)}`,
      compareWords(
        share?.rate ?? null,
        failures.previous?.requests.rate ?? null,
        range,
        points,
        'above',
        'below',
      ),
    ],
    ...(figure === null || figure === undefined
      ? {}
      : {
          note: {
            kind:
              (figure.sessions.rate ?? 0) > limits.failureBreaker ? 'warn' : figure.shed > 0 ? 'held' : 'unk',
            text: [
              figure.shed > 0
                ? `${formatCount(figure.shed)} more were told to wait; counted apart. `
                : causes,
              sessionsWords(figure.sessions),
            ].join(''),
          },
        }),
  }
}

type Sessions = NonNullable<Answer['failures']['figure']>['sessions']

/** "81 of 1,850 sessions failed, 4.38 %"; a rate of few is none. */
const sessionsWords = ({ part, whole, rate }: Sessions): string =>
  `${formatCount(part)} of ${plural(whole, 'session')} failed${rate === null ? '' : `, ${formatPercent(rate)}`}`

export function queueWords(
  { queue, limits, asOf, devices }: Pick<Answer, 'queue' | 'limits' | 'asOf' | 'devices'>,
  range: RangeText,
): CardWords {
  const figure = queue.figure
  const held = figure?.devices ?? null
  const deep = (held?.depth.max ?? 0) > limits.queueWarn
  return {
    caption: 'Queue depth',
    status: {
      kind: queue.level,
      word: {
        ok: 'Within limits',
        warn: deep
          ? `Over ${formatCount(limits.queueWarn)} on one`
          : `Oldest over ${formatRound(limits.oldestWarnMs)}`,
        crit: `Over ${formatCount(limits.queueCritical)} on one`,
        unk: 'No snapshot',
      }[queue.level],
    },
    figure:
      figure === null || figure.depth === null
        ? { value: NOT_KNOWN, unsure: true }
        : { value: formatCount(figure.depth) },
    sentence: figure?.depth === 1 ? 'change waits on a device' : 'changes wait on devices',
    evidence: [
      held === null
        ? 'no device has been counted in this range'
        : `${holdersWords(figure, held)} · deepest ${formatCount(held.depth.max ?? 0)}, limit ${formatCount(limits.queueWarn)}`,
      compareWords(
        figure?.depth ?? null,
        queue.previous?.depth ?? null,
        range,
        formatCount,
        'above',
        'below',
      ),
    ],
    ...(figure === null
      ? {}
      : {
          note: {
            kind: 'unk' as const,
            text: `As last reported, ${ageOfReports(held)}${devices.offline === 0 ? '' : `; ${formatCount(devices.offline)} offline ${devices.offline === 1 ? 'report is' : 'reports are'} old`}. Counted ${formatAge(asOf.nowMs - figure.atMs)}${figure.depth === 0 ? '' : oldestOn(devices.oldestWaiting)}`,
          },
        }),
  }
}

type Queue = NonNullable<Answer['queue']['figure']>

/** "on 3 of 12 devices", and what of the depth is on none of them. Pure. */
export function holdersWords(
  figure: Pick<Queue, 'depth' | 'depthOfEngines'> | null,
  { pending, total }: Pick<NonNullable<Queue['devices']>, 'pending' | 'total'>,
): string {
  const of =
    pending === null ? plural(total, 'device') : `on ${formatCount(pending)} of ${plural(total, 'device')}`
  const apart = figure?.depthOfEngines ?? 0
  if (apart === 0) return of
  return `${formatCount((figure?.depth ?? 0) - apart)} ${of}, ${formatCount(apart)} told by other engines as a sum`
}

const oldestOn = (oldest: Answer['devices']['oldestWaiting']): string =>
  oldest === null
    ? ''
    : `. The oldest has now waited ${oldest.lowerBound ? 'at least ' : ''}${formatDuration(oldest.ageMs)} on ${oldest.name}`

type Pending = NonNullable<NonNullable<Answer['lag']['figure']>['pending']>

/**
 * Lag has samples of what arrived only; this says what hasn't. That is counted once a minute, so that it is older than the
 * page, and smaller than what is said of now.
 */
function pendingNote(
  pending: Pending | null,
  limitMs: number,
  nowMs: number,
): { kind: StatusKind; text: string } {
  if (pending === null) return { kind: 'unk', text: 'How long unsynced changes have waited is not known' }
  const { atMs, online, offline } = pending
  const silent =
    offline.count === 0
      ? ''
      : `; ${formatCount(offline.count)} offline, p95 at least ${formatDuration(offline.p95)}`
  if (online.count === 0) return { kind: 'ok', text: `No change waits on a device that is heard${silent}` }
  const over = (online.p95 ?? 0) > limitMs
  return {
    kind: over ? 'warn' : 'unk',
    text: `Not yet arrived, counted ${formatAge(nowMs - atMs)}: pending age p95 ${formatDuration(online.p95)} on ${plural(online.count, 'device')}${silent}`,
  }
}

type Level = Answer['lag']['level']

function rateWord(level: Level, warn: number, critical: number, unknown: string): string {
  const limit = level === 'crit' ? critical : warn
  return level === 'unk' ? unknown : `${level === 'ok' ? 'Under' : 'Over'} ${wholePercent(limit)}`
}

function rateFigure(rate: number | null): CardWords['figure'] {
  return rate === null ? { value: NOT_KNOWN, unsure: true } : percentFigure(rate)
}

export const wholePercent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))} %`

export const inRange = ({ label }: RangeText): string => label.charAt(0).toLowerCase() + label.slice(1)

export const points = (ratio: number): string => `${(ratio * 100).toFixed(2)} points`

/** "24 s slower than yesterday"; equal to what is shown is "as yesterday". */
export function compareWords(
  now: number | null,
  before: number | null,
  { compare }: RangeText,
  say: (difference: number) => string,
  more: string,
  less: string,
): string {
  const then = compare.replace(/^vs /, '')
  if (now === null || before === null) return `nothing to compare with ${then}`
  const text = say(Math.abs(now - before))
  if (text === say(0)) return `the same as ${then}`
  const word = now > before ? more : less
  return `${text} ${word} ${word === 'slower' || word === 'faster' ? 'than ' : ''}${then}`
}

function ageOfReports(held: { reportAge: { p50: number | null } } | null): string {
  const p50 = held?.reportAge.p50 ?? null
  return p50 === null ? 'age of the reports not known' : `median age ${formatDuration(p50)}`
}
