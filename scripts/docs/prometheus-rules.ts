import { stringify } from 'yaml'
import { LASTING } from '#lib/rollups/counters.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { WINDOW, limitOf, quantileBy, rateBy, worstBy } from './promql.ts'

interface Recording {
  readonly record: string
  readonly expr: string
}
interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: { readonly severity: 'warning' | 'critical' }
  readonly annotations: { readonly summary: string; readonly description: string }
}

/** The ticker turns every two seconds. */
const HEARTBEAT_STALE_S = 60

const LASTING_RESULTS = `result=~"${LASTING.join('|')}"`
const COLLECTION = ['fleet', 'collection']
/** A level named `fleet:…` or `fleet_collection:…` says by what it is told. */
export const RECORDED = {
  uploadLag: 'fleet_collection:tidemark_sync_lag_seconds:upload_p95_5m',
  deliveryLag: 'fleet_collection:tidemark_sync_lag_seconds:delivery_p95_5m',
  visibilityLag: 'fleet_collection:tidemark_sync_lag_seconds:visibility_p95_5m',
  conflicts: 'fleet_collection:tidemark_conflicts:ratio_rate5m',
  mutations: 'fleet_collection:tidemark_mutations_lasting:rate5m',
  deadLettered: 'fleet:tidemark_mutations_dead_lettered:ratio_rate5m',
  requests: 'fleet:tidemark_requests:rate5m',
  failures: 'fleet:tidemark_requests_failed:ratio_rate5m',
  shed: 'fleet:tidemark_requests_shed:rate5m',
} as const

const lagOf = (stage: string): string => quantileBy(METRICS.syncLag, 0.95, COLLECTION, [`stage="${stage}"`])
const requestsOf = (classes: string): string =>
  rateBy(METRICS.requests, ['fleet'], [`status_class${classes}`])
const lastingBy = (by: readonly string[]): string => rateBy(METRICS.mutations, by, [LASTING_RESULTS])

const RECORDINGS: readonly Recording[] = [
  { record: RECORDED.uploadLag, expr: lagOf('upload') },
  { record: RECORDED.deliveryLag, expr: lagOf('delivery') },
  { record: RECORDED.visibilityLag, expr: lagOf('visibility') },
  { record: RECORDED.mutations, expr: lastingBy(COLLECTION) },
  {
    record: RECORDED.conflicts,
    expr: `${rateBy(METRICS.conflicts, COLLECTION)} / ${lastingBy(COLLECTION)}`,
  },
  {
    record: RECORDED.deadLettered,
    expr: `${rateBy(METRICS.mutations, ['fleet'], ['result="dead_lettered"'])} / ${lastingBy(['fleet'])}`,
  },
  { record: RECORDED.requests, expr: requestsOf('!="shed"') },
  { record: RECORDED.failures, expr: `${requestsOf('=~"4xx|5xx"')} / ${requestsOf('!="shed"')}` },
  { record: RECORDED.shed, expr: requestsOf('="shed"') },
]

const alert = (
  name: string,
  severity: 'warning' | 'critical',
  expr: string,
  wait: string,
  [summary, description]: readonly [string, string],
): Alert => ({
  alert: `Tidemark${name}`,
  expr,
  for: wait,
  labels: { severity },
  annotations: { summary, description },
})

const IN_FLEET = 'fleet {{ $labels.fleet }}'
const IN_COLLECTION = `{{ $labels.collection }} of ${IN_FLEET}`

const FLEET = ['fleet']
const TIME = METRICS.thresholdSeconds
const FIGURE = METRICS.thresholdFigure

const lagAlert = (name: string, severity: 'warning' | 'critical', limit: string): Alert =>
  alert(name, severity, `${RECORDED.uploadLag} > ${limitOf(TIME, limit, COLLECTION)}`, WINDOW, [
    `Changes to ${IN_COLLECTION} take long to arrive`,
    `95 of 100 changes took up to {{ $value | humanizeDuration }} from being made to being committed, over the limit ${limit} that is set for the collection. Only what arrived is counted: see the pending age beside it.`,
  ])

const ALERTS: readonly Alert[] = [
  lagAlert('SyncLagHigh', 'warning', 'lag_warn'),
  lagAlert('SyncLagCritical', 'critical', 'lag_critical'),
  alert(
    'OldestChangeOld',
    'warning',
    `${worstBy(METRICS.queueOldestAge, FLEET)} > ${limitOf(TIME, 'oldest_warn', FLEET)}`,
    '15m',
    [
      `A change has waited long on a device of ${IN_FLEET}`,
      `The oldest has waited {{ $value | humanizeDuration }}, as its device last reported; the device may be offline.`,
    ],
  ),
  alert(
    'LimitsNotTold',
    'warning',
    `absent(${FIGURE.name}) and on () count(${METRICS.requests.name}) > 0`,
    WINDOW,
    [
      'Nobody tells what fleets are judged by, so that no alert over a limit can fire',
      'The process that leads tells the limits once a minute: none leads, or it is not scraped.',
    ],
  ),
  alert(
    'HeartbeatStale',
    'critical',
    `time() - ${METRICS.heartbeat.name} > ${HEARTBEAT_STALE_S} and ${METRICS.heartbeat.name} > 0`,
    '1m',
    [
      'A process of Tidemark does no periodic work',
      'The ticker of {{ $labels.instance }} turned {{ $value | humanizeDuration }} ago; it turns every two seconds.',
    ],
  ),
  alert('Absent', 'critical', `absent(${METRICS.heartbeat.name})`, WINDOW, [
    'No process of Tidemark is scraped',
    'Nothing tells a heartbeat: no server runs, or /metrics is refused (the key needs the scope `metrics`).',
  ]),
  alert('CountsLost', 'warning', `increase(${METRICS.countsLost.name}[15m]) > 0`, '0m', [
    'Answers were given that no figure counts',
    'The database was away for so long that {{ $value }} answers of {{ $labels.instance }} were given up: the failure rate of that time is too low.',
  ]),
]

/**
 * ops/prometheus/rules.yml: what the pillars mean in PromQL, and alerts about what no rule of the console judges (those are in
 * alerts.yml): lag by each collection's own limits, and whether anything tells at all.
 */
export function rulesFile(): string {
  const groups = [
    { name: 'tidemark-recordings', interval: '30s', rules: RECORDINGS },
    { name: 'tidemark-alerts', interval: '30s', rules: ALERTS },
  ]
  const head = '# Made by `npm run docs` from the code. Change it there.\n'
  return head + stringify({ groups }, { lineWidth: 0 })
}
