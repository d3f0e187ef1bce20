import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { RECORDED } from './prometheus-rules.ts'
import { quantileBy, rateBy, worstBy } from './promql.ts'

interface Query {
  readonly expr: string
  readonly legend: string
}
interface Panel {
  readonly title: string
  readonly description: string
  readonly unit: string
  readonly queries: readonly Query[]
}

const DASHBOARD_COLUMNS = 24
const PANELS_A_ROW = 3
const PANEL = { width: DASHBOARD_COLUMNS / PANELS_A_ROW, height: 8 }
/** Grafana fills it in by the panel's resolution. */
const RATE_WINDOW = '$__rate_interval'
const SCHEMA_VERSION = 39
const FLEET = 'fleet=~"$fleet"'

/** The four pillars first, as the recording rules of ops/prometheus/rules.yml tell them. */
const PILLARS: readonly Panel[] = [
  pillar('Sync lag: upload, p95', RECORDED.uploadLag, METRICS.syncLag, 's', [
    METRICS.thresholdSeconds,
    ['lag_warn', 'lag_critical'],
  ]),
  pillar('Conflict rate', RECORDED.conflicts, METRICS.conflicts, 'percentunit', [
    METRICS.thresholdFigure,
    ['conflict_warn', 'conflict_friction'],
  ]),
  pillar('Failure rate', RECORDED.failures, METRICS.requests, 'percentunit', [
    METRICS.thresholdFigure,
    ['failure_warn', 'failure_breaker'],
  ]),
]

function pillar(
  title: string,
  record: string,
  { help }: MetricDefinition,
  unit: string,
  [limitMetric, limits]: readonly [MetricDefinition, readonly string[]],
): Panel {
  const legend = record.startsWith('fleet_collection:') ? '{{fleet}} {{collection}}' : '{{fleet}}'
  const lines = limits.map((limit) => ({
    expr: worstBy(limitMetric, ['fleet'], [FLEET, 'collection="*"', `limit="${limit}"`]),
    legend: `${limit} {{fleet}}`,
  }))
  return { title, description: help, unit, queries: [{ expr: `${record}{${FLEET}}`, legend }, ...lines] }
}

/** What every declared name looks like by its kind; labels with many values are summed away. */
function panelOf(definition: MetricDefinition): Panel {
  const { name, kind, unit, help, labels } = definition
  const shown = labels.filter((label) => label !== 'platform' && label !== 'app_version')
  const matchers = labels.includes('fleet') ? [FLEET] : []
  const by = shown.length === 0 ? ['instance'] : shown
  const legend = by.map((label) => `{{${label}}}`).join(' ')
  const title = titleOf(name)
  if (kind === 'counter')
    return {
      title: `${title}, a second`,
      description: help,
      unit: 'ops',
      queries: [{ expr: rateBy(definition, by, matchers, RATE_WINDOW), legend }],
    }
  const base = { title, description: help, unit: unit === 'seconds' ? 's' : 'short' }
  if (kind === 'gauge') return { ...base, queries: [{ expr: worstBy(definition, by, matchers), legend }] }
  const queries = [0.5, 0.95, 0.99].map((quantile) => ({
    expr: quantileBy(definition, quantile, by, matchers, RATE_WINDOW),
    legend: `p${quantile * 100} ${legend}`,
  }))
  return { ...base, queries }
}

function titleOf(name: string): string {
  const words = name
    .replace(/^tidemark_/, '')
    .replace(/_(total|seconds)$/, '')
    .replaceAll('_', ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

/** Of the time of a heartbeat its age is what a person wants to see. */
const HEARTBEAT_AGE: Panel = {
  title: 'Heartbeat, age',
  description: METRICS.heartbeat.help,
  unit: 's',
  queries: [{ expr: `time() - ${METRICS.heartbeat.name}`, legend: '{{instance}}' }],
}

const PROCESS: readonly Panel[] = [
  {
    title: 'Processor time',
    description: 'Seconds of processor time a second, of each process.',
    unit: 'percentunit',
    queries: [{ expr: `rate(process_cpu_seconds_total[${RATE_WINDOW}])`, legend: '{{instance}}' }],
  },
  {
    title: 'Resident memory',
    description: 'Memory of each process.',
    unit: 'bytes',
    queries: [{ expr: 'process_resident_memory_bytes', legend: '{{instance}}' }],
  },
  {
    title: 'Event loop, p99 of its lag',
    description: 'How long work waits for the one thread that runs JavaScript.',
    unit: 's',
    queries: [{ expr: 'nodejs_eventloop_lag_p99_seconds', legend: '{{instance}}' }],
  },
]

const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' }

function panelJson(panel: Panel, place: number): object {
  return {
    id: place + 1,
    type: 'timeseries',
    title: panel.title,
    description: panel.description,
    datasource: DATA_SOURCE,
    gridPos: {
      x: (place % PANELS_A_ROW) * PANEL.width,
      y: Math.floor(place / PANELS_A_ROW) * PANEL.height,
      w: PANEL.width,
      h: PANEL.height,
    },
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        // What is missing is a gap, not a zero.
        custom: { spanNulls: false },
      },
      overrides: [],
    },
    targets: panel.queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATA_SOURCE,
      expr,
      legendFormat: legend,
    })),
  }
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
  readonly hasFleet: boolean
}

function dashboardJson({ uid, title, panels, hasFleet }: Dashboard): string {
  const source = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }
  const fleet = {
    name: 'fleet',
    label: 'Fleet',
    type: 'query',
    datasource: DATA_SOURCE,
    query: `label_values(${METRICS.requests.name}, fleet)`,
    refresh: 2,
    multi: true,
    includeAll: true,
    current: { text: 'All', value: '$__all' },
  }
  return JSON.stringify({
    uid,
    title,
    tags: ['tidemark'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [source, ...(hasFleet ? [fleet] : [])] },
    panels: panels.map(panelJson),
  })
}

/** ops/grafana/*.json by path: each declared name has a panel, on the board of fleets or that of processes. */
export function dashboards(): Readonly<Record<string, string>> {
  const all: readonly MetricDefinition[] = Object.values(METRICS)
  const ofFleets = all.filter(({ labels }) => labels.includes('fleet'))
  const ofProcesses = all.filter((each) => !ofFleets.includes(each) && each !== METRICS.heartbeat)
  return {
    'ops/grafana/tidemark-fleets.json': dashboardJson({
      uid: 'tidemark-fleets',
      title: 'Tidemark: fleets',
      panels: [...PILLARS, ...ofFleets.map(panelOf)],
      hasFleet: true,
    }),
    'ops/grafana/tidemark-processes.json': dashboardJson({
      uid: 'tidemark-processes',
      title: 'Tidemark: processes',
      panels: [HEARTBEAT_AGE, ...ofProcesses.map(panelOf), ...PROCESS],
      hasFleet: false,
    }),
  }
}
