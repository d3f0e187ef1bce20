import { capitalised, formatCount, formatDuration, plural } from '#components/ui/format.ts'
import type { SourceView } from '#lib/application/ingest/list-sources.ts'
import type { ScrapeTarget } from '#lib/application/ingest/scrape-targets.ts'

const NOT_REPORTED = 'not reported'
const DAY_MINUTES = 1_440

/** What the page says in a sentence. Pure. */
export function sourcesSentence(sources: readonly SourceView[]): string {
  if (sources.length === 0) return 'No other engine tells of this fleet'
  const silent = sources.filter(({ lastHeardMs }) => lastHeardMs === null)
  if (silent.length === sources.length)
    return `Nothing was heard of ${listed(silent.map(({ source }) => source))} for a day`
  const heard = `${plural(sources.length - silent.length, 'other engine')} told of this fleet in the last day`
  return silent.length === 0 ? heard : `${heard}; ${listed(silent.map(({ source }) => source))} did not`
}

const listed = (names: readonly string[]): string =>
  names.length < 3
    ? names.join(' and ')
    : `${names.slice(0, 2).join(', ')} and ${formatCount(names.length - 2) + ' more'}`

/** Whether the pages that are asked answer as they should. Pure. */
export function pagesSentence(targets: readonly Pick<ScrapeTarget, 'last'>[]): string {
  const failing = targets.filter(({ last }) => last !== null && last.problem !== null).length
  if (failing === 0) return `${plural(targets.length, 'page')} asked`
  return `${failing === targets.length ? plural(failing, 'page') : `${formatCount(failing)} of ${plural(targets.length, 'page')}`} did not answer well`
}

/** "2 keys, 1 page"; how it may tell. Pure. */
export function waysText({ keys, targets }: SourceView): string {
  const ways = [
    ...(keys === 0 ? [] : [plural(keys, 'key')]),
    ...(targets === 0 ? [] : [plural(targets, 'page')]),
  ]
  return ways.length === 0 ? 'none any more' : ways.join(', ')
}

const SIGNALS: Readonly<Record<SourceView['day'][number]['signal'], string>> = {
  sessions: 'sessions',
  traces: 'traces',
  metrics: 'metrics',
  logs: 'logs',
  remote_write: 'remote write',
  scrape: 'pages',
}

/** What came in the last day by each way, with its rate: "metrics 1,440, 1 a minute". Pure. */
export const storedText = ({ day }: SourceView): string =>
  day.length === 0
    ? 'nothing'
    : day
        .map(({ signal, stored }) => `${SIGNALS[signal]} ${formatCount(stored)}${rateText(stored)}`)
        .join('; ')

function rateText(stored: number): string {
  const perMinute = stored / DAY_MINUTES
  return perMinute < 0.1 ? '' : `, ${formatCount(Math.round(perMinute * 10) / 10)} a minute`
}

export const refusedOf = ({ day }: SourceView): number => day.reduce((sum, { refused }) => sum + refused, 0)

const BREAKERS = ['closed', 'half open', 'open'] as const

/** Its figures that stand; what it doesn't tell is named as that. Pure. */
export function figuresText({ figures }: SourceView): string {
  if (figures === null) return NOT_REPORTED
  const { queueDepth, oldestPendingAgeMs, deadLetters, lagMs, breaker, jobs, jobsFailing } = figures
  const told = [
    queueDepth === null ? `queue ${NOT_REPORTED}` : `${plural(queueDepth, 'change')} waiting`,
    ...(oldestPendingAgeMs === null ? [] : [`oldest ${formatDuration(oldestPendingAgeMs)}`]),
    ...(lagMs === null ? [] : [`${formatDuration(lagMs)} behind`]),
    ...(deadLetters === null ? [] : [plural(deadLetters, 'dead letter')]),
    ...(breaker === null ? [] : [`breaker ${BREAKERS[breaker] ?? 'not known'}`]),
    ...(jobs === null ? [] : [`${formatCount(jobsFailing)} of ${plural(jobs, 'replication')} not well`]),
  ]
  return capitalised(told.join(', '))
}
