import { z } from 'zod'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { problemsOf } from '#lib/telemetry/alerts/check-rule.ts'
import {
  ALERT_COUNTERS,
  GROUPINGS,
  MEASURE_NAMES,
  type LimitName,
  type MeasureName,
} from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule, Condition } from '#lib/telemetry/alerts/rule.ts'
import { ANOMALY_WEEKS, FAMILIES } from '#lib/telemetry/alerts/rule.ts'
import { inhibitionCycle } from '#lib/telemetry/alerts/suppress.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'
import { badRequest } from '../errors.ts'
import { oneLine } from './texts.ts'

const figure = z.number().min(-1e15).max(1e15)
const whole = z.int().min(0).max(1_000_000_000)
const ms = z.int().min(0)
const counter = z.enum(ALERT_COUNTERS)
const measure = z.enum(MEASURE_NAMES as readonly [MeasureName, ...MeasureName[]])
const limit = z.enum(Object.keys(DEFAULT_THRESHOLDS) as [LimitName, ...LimitName[]])

const condition = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('threshold'),
    measure,
    windowMs: ms,
    comparison: z.enum(['above', 'below']),
    value: z.union([figure, z.strictObject({ limit })]),
    clear: figure.nullable(),
    minTraffic: whole,
    minPart: whole,
    perActivity: z.strictObject({ counter, factor: z.number().min(0).max(1e6) }).nullable(),
  }),
  z.strictObject({
    kind: z.literal('burn_rate'),
    measure,
    target: z.number(),
    windows: z
      .array(z.strictObject({ factor: z.number().max(1e6), longMs: ms, shortMs: ms }))
      .min(1)
      .max(4),
    minTraffic: whole,
    minPart: whole,
  }),
  z.strictObject({
    kind: z.literal('absence'),
    counter,
    windowMs: ms,
    before: z.strictObject({ windowMs: ms, atLeast: whole }),
    devicesMin: whole,
  }),
  z.strictObject({
    kind: z.literal('anomaly'),
    counter,
    windowMs: ms,
    direction: z.enum(['above', 'below']),
    deviations: z.number().min(0).max(100),
    ratio: z.number().min(0).max(1_000),
    minimum: whole,
    weeksMin: z.int().min(1).max(ANOMALY_WEEKS),
  }),
]) satisfies z.ZodType<Condition>

export const ruleName = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  .max(60)
const fields = {
  title: oneLine(120),
  family: z.enum(FAMILIES),
  severity: z.enum(SEVERITIES),
  groupBy: z.enum(GROUPINGS),
  condition,
  forMs: ms,
  keepFiringMs: ms,
  enabled: z.boolean(),
  inhibitedBy: z.array(ruleName).max(20),
}
export const alertRule = z.strictObject({ name: ruleName, ...fields })
export const ruleFields = z.strictObject(fields).partial()

/**
 * Refuses what can be of no use, with each place and why: a rule that can never fire, rules that hold each other's tongue, and
 * names of rules that there are not.
 * @param others the fleet's rules, this one as it was among them or not
 * @throws ApplicationError `bad_request`
 */
export function checkedRule(rule: AlertRule, others: readonly AlertRule[]): AlertRule {
  const problems = [...problemsOf(rule)]
  const known = new Set([
    ...others.map(({ name }) => name),
    // What it named before may be gone since: that keeps nobody from turning it off.
    ...(others.find(({ name }) => name === rule.name)?.inhibitedBy ?? []),
    rule.name,
  ])
  const unknown = rule.inhibitedBy.filter((name) => !known.has(name))
  if (unknown.length > 0)
    problems.push({ path: '/inhibitedBy', message: `there is no rule ${unknown.join(', ')}` })
  if (problems.length > 0) throw badRequest(problems)
  const cycle = inhibitionCycle([...others.filter(({ name }) => name !== rule.name), rule])
  if (cycle)
    throw badRequest([
      { path: '/inhibitedBy', message: `none of these would ever speak: ${cycle.join(' and ')}` },
    ])
  return rule
}
