import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { seededRandom } from '#lib/kernel/random.ts'
import { BURN_WINDOWS, DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { firingSteps, promtoolTest, randomHistory, type History } from '../../scripts/docs/alert-histories.ts'
import { promqlAlert } from '../../scripts/docs/alert-rules.ts'

interface Course {
  readonly rule: AlertRule
  readonly stepMs: number
  readonly steps: number
  readonly count: number
}

const MINUTE_MS = 60_000
const named = (name: string): AlertRule => {
  const rule = DEFAULT_RULES.find((one) => one.name === name)
  if (!rule) throw new Error(`no rule ${name}`)
  return rule
}
const fast = named('request-failures-fast')

/** Each window of a burn rate by itself: a fifth of its short window is a step. */
const burns = Object.entries(BURN_WINDOWS).map(([name, window]): Course => {
  const { condition } = fast
  if (condition.kind !== 'burn_rate') throw new Error('it burns')
  const stepMs = window.shortMs / 5
  const rule = {
    ...fast,
    name: `burn-${name.toLowerCase()}`,
    condition: { ...condition, windows: [window] },
    forMs: 2 * stepMs,
    keepFiringMs: 3 * stepMs,
  }
  return { rule, stepMs, steps: 150, count: 40 }
})
const twins = DEFAULT_RULES.filter(
  (rule) => promqlAlert(rule) !== null && rule.condition.kind === 'threshold',
).map((rule): Course => ({ rule, stepMs: MINUTE_MS, steps: 120, count: 8 }))
const courses: readonly Course[] = [
  ...burns,
  ...twins,
  { rule: fast, stepMs: MINUTE_MS, steps: 400, count: 4 },
]

const drawn = courses.map((course, n) => {
  const random = seededRandom(1_000 + n)
  const histories = Array.from({ length: course.count }, (_, i) =>
    randomHistory(course.rule, `fleet-${i}`, course.steps, random),
  )
  return { ...course, histories }
})

/** Of Prometheus 2: from 3 on a range leaves its first sample out, and counts are guessed from the others. */
function promtoolIsTwo(): boolean {
  const { error, stdout, stderr } = spawnSync('promtool', ['--version'], { encoding: 'utf8' })
  return error === undefined && /version 2\./.test(stdout + stderr)
}

describe('the console’s evaluator and Prometheus', () => {
  it('are asked about enough: rules that fire, that don’t, and that end', () => {
    const all = drawn.flatMap(({ rule, stepMs, histories }) =>
      histories.map((history: History) => firingSteps(rule, history, stepMs)),
    )
    expect(all.length).toBeGreaterThanOrEqual(200)
    for (const { rule, stepMs, histories } of drawn) {
      const fired = histories.map((history) => firingSteps(rule, history, stepMs))
      expect([rule.name, fired.some((steps) => steps.includes(true))]).toEqual([rule.name, true])
    }
    const ended = all.filter((steps) => steps.some((is, step) => is && steps[step + 1] === false))
    expect(ended.length).toBeGreaterThan(100)
    expect(all.filter((steps) => !steps.includes(true)).length).toBeGreaterThan(5)
  })

  it('agree on every step of every series, where promtool is installed', () => {
    if (!promtoolIsTwo()) return
    const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-parity-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const files = drawn.map(({ rule, stepMs, histories }, n) => {
      const { annotations: _, ...alert } = promqlAlert(rule) ?? { annotations: {} }
      const rules = { groups: [{ name: rule.name, rules: [alert] }] }
      const test = promtoolTest(rule, histories, stepMs, { annotations: () => undefined, everyStep: true })
      const [rulesPath, testPath] = [`${n}.rules.yml`, `${n}.test.yml`]
      writeFileSync(path.join(folder, rulesPath), stringify(rules, { lineWidth: 0 }))
      const asked = { rule_files: [rulesPath], evaluation_interval: `${stepMs / 1_000}s`, tests: [test] }
      writeFileSync(
        path.join(folder, testPath),
        stringify(asked, { lineWidth: 0, aliasDuplicateObjects: false }),
      )
      return testPath
    })
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', ...files], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(status, `${stdout}${stderr}`.slice(0, 4_000)).toBe(0)
  })
})
