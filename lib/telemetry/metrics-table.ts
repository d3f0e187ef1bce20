import type { MetricDefinition } from './metrics.ts'
import { METRICS } from './metrics.ts'

const HEAD = [
  '| name | over OTLP | kind | unit | labels | told by | stability | what it measures |',
  '|---|---|---|---|---|---|---|---|',
]

/** The table of docs/metrics.md, from the declarations. */
export function metricsTable(): string {
  const rows = Object.values<MetricDefinition>(METRICS).map(
    ({ name, stem, kind, unit, labels, source, stability, help }) => {
      const codes = labels.map((label) => `\`${label}\``).join(' ')
      return `| \`${name}\` | \`${stem}\` | ${kind} | ${unit} | ${codes} | ${source} | ${stability} | ${help} |`
    },
  )
  return [...HEAD, ...rows, ''].join('\n')
}
