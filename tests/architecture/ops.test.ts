import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { askedBy } from '#tests/support/promql.ts'
import { generatedPages } from '../../scripts/docs/pages.ts'

const CHECKOUT = path.resolve(import.meta.dirname, '../..')
const RULES = 'ops/prometheus/rules.yml'
const TWINS = 'ops/prometheus/alerts.yml'
const TWINS_TEST = 'ops/prometheus/alerts.test.yml'
const read = (file: string): string => readFileSync(path.join(CHECKOUT, file), 'utf8')
const boards = readdirSync(path.join(CHECKOUT, 'ops/grafana')).map((name) => `ops/grafana/${name}`)

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}
interface Board {
  readonly panels: readonly {
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
  }[]
}

const rules = [RULES, TWINS]
  .map((file) => parse(read(file)) as { groups: { name: string; rules: Rule[] }[] })
  .flatMap(({ groups }) => groups.flatMap((group) => group.rules))
const panels = boards.flatMap((board) => (JSON.parse(read(board)) as Board).panels)
const expressions = [
  ...rules.map(({ expr }) => expr),
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]
const generated = await generatedPages()
const DECLARED: readonly MetricDefinition[] = Object.values(METRICS)

/** Every series that can be asked for, with its labels: declared, recorded, and those of the Node process. */
async function knownSeries(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const scraped = ['job', 'instance']
  const known = new Map<string, Set<string>>()
  for (const { name, kind, labels } of DECLARED) {
    if (kind !== 'histogram') known.set(name, new Set([...labels, ...scraped]))
    else {
      known.set(`${name}_bucket`, new Set([...labels, 'le', ...scraped]))
      for (const part of ['sum', 'count']) known.set(`${name}_${part}`, new Set([...labels, ...scraped]))
    }
  }
  for (const { record, expr } of rules) {
    if (record === undefined) continue
    const [outer] = askedBy(expr).groupings
    known.set(record, new Set(outer?.labels.filter((label) => label !== 'le')))
  }
  const { body } = await createMetrics().render()
  for (const [, name = ''] of body.matchAll(/^# TYPE ((?:process|nodejs)_\S+) /gm))
    known.set(name, new Set(scraped))
  return known
}

describe('dashboards and rules', () => {
  it.each([RULES, TWINS, TWINS_TEST, ...boards])('%s is what `npm run docs` writes', (file) => {
    expect(read(file)).toBe(generated.get(file))
  })

  it('every generated file of ops/ is there', () => {
    const paths = [...generated.keys()].filter((file) => file.startsWith('ops/'))
    expect(paths.sort()).toEqual([RULES, TWINS, TWINS_TEST, ...boards].sort())
  })

  it.each(expressions)('%s is PromQL over names and labels that exist', async (expression) => {
    const known = await knownSeries()
    const { errors, selectors, groupings } = askedBy(expression)
    expect(errors).toEqual([])
    expect(selectors.length).toBeGreaterThan(0)
    for (const { name, labels } of selectors) {
      expect(known.has(name), name).toBe(true)
      expect(
        labels.filter((label) => !known.get(name)?.has(label)),
        name,
      ).toEqual([])
    }
    for (const { labels, names } of groupings) {
      const carried = new Set(names.flatMap((name) => [...(known.get(name) ?? [])]))
      expect(labels.filter((label) => !carried.has(label))).toEqual([])
    }
  })

  it('names in a template are labels that its expression keeps', () => {
    const told = [
      ...rules.map(({ expr, annotations }) => [expr, Object.values(annotations ?? {}).join(' ')] as const),
      ...panels.flatMap(({ targets }) =>
        targets.map(({ expr, legendFormat }) => [expr, legendFormat] as const),
      ),
    ]
    for (const [expr, template] of told) {
      const used = [...template.matchAll(/\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}/g)].map(([, name]) => name)
      const { groupings, selectors } = askedBy(expr)
      const recorded = selectors.flatMap(({ name }) =>
        name.includes(':') ? name.split(':')[0]?.split('_') : [],
      )
      const kept =
        groupings.length > 0 ? groupings.flatMap(({ labels }) => labels) : [...recorded, 'instance']
      expect(
        used.filter((name) => !kept.includes(name)),
        expr,
      ).toEqual([])
    }
  })

  it('every declared name has a panel, and none that is yet to come', () => {
    const shown = new Set(
      panels
        .flatMap(({ targets }) => targets.flatMap(({ expr }) => askedBy(expr).selectors))
        .map(({ name }) => name.replace(/_bucket$/, '')),
    )
    expect(DECLARED.filter(({ name }) => !shown.has(name)).map(({ name }) => name)).toEqual([])
  })

  it('an alert says for how long, how bad, and what', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined)
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    for (const each of alerts) {
      expect(each.for).toMatch(/^\d+m$/)
      expect(each.labels?.['severity']).toMatch(/^(info|warning|critical)$/)
      const isTwin = each.labels?.['rule'] !== undefined
      const told = ['summary', isTwin ? 'runbook' : 'description']
      expect(Object.keys(each.annotations ?? {})).toEqual(told)
    }
  })

  it.each(boards)('panels of %s do not overlap', (board) => {
    const places = (JSON.parse(read(board)) as Board).panels.map(({ gridPos }) => gridPos)
    for (const [i, a] of places.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24)
      for (const b of places.slice(i + 1))
        expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true)
    }
  })

  it('what is wrong with an expression is found', () => {
    expect(askedBy('sum by (fleet) (rate(x[5m])').errors).not.toEqual([])
    expect(askedBy('sum by (fleet, le) (rate(a{b="c",d!="e"}[$__rate_interval])) / on (f) g')).toEqual({
      errors: [],
      selectors: [
        { name: 'a', labels: ['b', 'd'] },
        { name: 'g', labels: [] },
      ],
      groupings: [{ labels: ['fleet', 'le'], names: ['a'] }],
    })
  })

  it.each([
    ['check', 'rules', RULES],
    ['check', 'rules', TWINS],
    ['test', 'rules', TWINS_TEST],
    ['test', 'rules', 'tests/architecture/rules.promtool.yml'],
  ])('promtool %s %s %s agrees, where it is installed', (...args) => {
    const { error, status, stdout, stderr } = spawnSync('promtool', args, { cwd: CHECKOUT, encoding: 'utf8' })
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return
    expect(status, stdout + stderr).toBe(0)
  })
})
