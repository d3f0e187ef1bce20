import { stringify } from 'yaml'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { historyOf, promtoolTest, type PromtoolTest } from './alert-histories.ts'
import { HEAD, promqlAlert } from './alert-rules.ts'

const STEP_MS = 60_000
/** Well, over the bound, far over it, well again: levels by minutes. */
const COURSES: Readonly<Record<string, readonly (readonly [level: number, minutes: number])[]>> = {
  well: [[0.5, 150]],
  bad: [
    [0, 30],
    [20, 60],
    [0, 60],
  ],
}
const TRAFFIC = 100

const annotationsOf = (rule: AlertRule) => (name: string) => {
  const told = promqlAlert(rule)?.annotations ?? {}
  const labels: Readonly<Record<string, string>> = {
    fleet: name,
    scope: name,
    collection: 'orders',
    app_version: '2.4.1',
  }
  const filled = (text: string): string =>
    text.replaceAll(/\{\{ \$labels\.([a-z_]+) \}\}/g, (_, label: string) => labels[label] ?? '')
  return Object.fromEntries(Object.entries(told).map(([key, text]) => [key, filled(text)]))
}

function testOf(rule: AlertRule): PromtoolTest {
  const histories = Object.entries(COURSES).map(([name, course]) => {
    const levels = course.flatMap(([level, minutes]) => Array<number>(minutes).fill(level))
    return historyOf(
      rule,
      name,
      levels,
      () => TRAFFIC,
      () => 1,
    )
  })
  return promtoolTest(rule, histories, STEP_MS, { annotations: annotationsOf(rule), everyStep: false })
}

/** ops/prometheus/alerts.test.yml: `promtool test rules` over them; what is expected is what the console's evaluator says. */
export function alertTestsFile(): string {
  const tests = DEFAULT_RULES.filter((rule) => promqlAlert(rule) !== null).map(testOf)
  const file = { rule_files: ['alerts.yml'], evaluation_interval: '1m', tests }
  return HEAD + stringify(file, { lineWidth: 0, aliasDuplicateObjects: false })
}
