import { stringify } from 'yaml'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { alertExpression } from './alert-expression.ts'

export interface PromqlAlert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly keep_firing_for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const duration = (ms: number): string => `${ms / 60_000}m`
export const alertName = (name: string): string =>
  `Tidemark${name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`

const WHERE = {
  fleet: 'fleet {{ $labels.fleet }}',
  collection: '{{ $labels.collection }} of fleet {{ $labels.fleet }}',
  version: 'version {{ $labels.app_version }} of fleet {{ $labels.fleet }}',
  scope: '{{ $labels.scope }}',
} as const satisfies Record<AlertRule['groupBy'], string>

/** A rule of the console as an alert of Prometheus; null where it has no twin. */
export function promqlAlert(rule: AlertRule): PromqlAlert | null {
  const expr = alertExpression(rule)
  if (expr === null) return null
  return {
    alert: alertName(rule.name),
    expr,
    for: duration(rule.forMs),
    ...(rule.keepFiringMs > 0 ? { keep_firing_for: duration(rule.keepFiringMs) } : {}),
    labels: { severity: rule.severity, rule: rule.name },
    annotations: {
      summary: `${rule.title}: ${WHERE[rule.groupBy]}`,
      runbook: `docs/runbooks/${rule.name}.md`,
    },
  }
}

export const HEAD = '# Made by `npm run docs` from the code. Change it there.\n'

/** ops/prometheus/alerts.yml: the console's default rules, for who has Prometheus judge them. */
export function alertsFile(): string {
  const rules = DEFAULT_RULES.map(promqlAlert).filter((alert) => alert !== null)
  const groups = [{ name: 'tidemark-default-rules', interval: '15s', rules }]
  return HEAD + stringify({ groups }, { lineWidth: 0 })
}
