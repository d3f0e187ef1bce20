import type { AlertCounter, LimitName, Measure } from './measures.ts'
import { MEASURES, measureOf } from './measures.ts'
import type { AlertRule, BurnRateCondition, ThresholdCondition } from './rule.ts'

/** A place of the rule (JSON Pointer) and what is wrong there. */
export interface RuleProblem {
  readonly path: string
  readonly message: string
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
export const RULE_WINDOW_MS = { min: MINUTE_MS, max: 3 * DAY_MS } as const
export const RULE_FOR_MS_MAX = DAY_MS

/** What keeps a rule from ever being of use; empty for a good one. Pure. */
export function problemsOf(rule: AlertRule): readonly RuleProblem[] {
  const problems: RuleProblem[] = []
  const say = (path: string, message: string): void => void problems.push({ path, message })
  const { condition } = rule
  checkTime(say, '/forMs', rule.forMs, { min: 0, max: RULE_FOR_MS_MAX })
  checkTime(say, '/keepFiringMs', rule.keepFiringMs, { min: 0, max: RULE_FOR_MS_MAX })
  if (rule.inhibitedBy.includes(rule.name)) say('/inhibitedBy', 'a rule cannot inhibit itself')
  if (condition.kind === 'threshold') checkThreshold(say, rule, condition)
  else if (condition.kind === 'burn_rate') checkBurnRate(say, rule, condition)
  else {
    checkTime(say, '/condition/windowMs', condition.windowMs, RULE_WINDOW_MS)
    if (condition.kind === 'absence') {
      checkTime(say, '/condition/before/windowMs', condition.before.windowMs, RULE_WINDOW_MS)
      if (condition.before.atLeast < 1) say('/condition/before/atLeast', 'must be 1 or more')
    } else if (condition.direction === 'below' && condition.ratio <= 0)
      say('/condition/ratio', 'can never fire: nothing is below 0 times of what is usual')
    else if (condition.direction === 'below' ? condition.ratio >= 1 : condition.ratio < 1)
      say('/condition/ratio', 'above must be 1 or more, below less than 1')
    const known = groupingsOfCounter(condition.counter)
    if (!known.includes(rule.groupBy)) say('/groupBy', `is not known of ${condition.counter}`)
  }
  return problems
}

type Say = (path: string, message: string) => void

function checkTime(say: Say, path: string, ms: number, { min, max }: { min: number; max: number }): void {
  if (!Number.isFinite(ms) || ms < min || ms > max) say(path, `must be from ${min} to ${max} ms`)
}

function checkGrouping(say: Say, rule: AlertRule, measure: ThresholdCondition['measure']): void {
  if (!measureOf(measure).groupings.includes(rule.groupBy)) say('/groupBy', `is not known of ${measure}`)
}

function checkThreshold(say: Say, rule: AlertRule, condition: ThresholdCondition): void {
  const measure = measureOf(condition.measure)
  const { value, clear, comparison, windowMs } = condition
  checkGrouping(say, rule, condition.measure)
  const isOfWindow = measure.kind === 'ratio' || measure.kind === 'count'
  if (isOfWindow) checkTime(say, '/condition/windowMs', windowMs, RULE_WINDOW_MS)
  else if (windowMs !== 0)
    say('/condition/windowMs', 'must be 0: the figure stands at a moment and has no window')
  const unit = unitOf(measure)
  if (typeof value === 'number') {
    if (unit === 'share' && comparison === 'above' && value >= 1)
      say('/condition/value', 'can never fire: a share is at most 1, and never above it')
    if (unit === 'flag' && comparison === 'above' && value >= 1)
      say('/condition/value', 'can never fire: it is 0 or 1, and never above 1')
    if (comparison === 'below' && value <= 0)
      say('/condition/value', 'can never fire: the figure is never below 0')
    if (clear !== null && (comparison === 'above' ? clear > value : clear < value))
      say('/condition/clear', 'must be nearer to what is well than the value')
  } else if (unitOfLimit(value.limit) !== unit)
    say(
      '/condition/value',
      `${value.limit} is ${UNIT_WORDS[unitOfLimit(value.limit)]}, and the figure ${UNIT_WORDS[unit]}: they tell nothing of each other`,
    )
  checkActivity(say, measure, condition)
}

function checkActivity(say: Say, measure: Measure, { perActivity, comparison }: ThresholdCondition): void {
  if (perActivity === null) return
  if (measure.kind !== 'count') {
    say('/condition/perActivity', 'is for counts: a share scales by itself')
    return
  }
  const isPartOfIt =
    perActivity.counter === measure.counter || PARTS_OF[perActivity.counter] === measure.counter
  if (isPartOfIt && comparison === 'above' && perActivity.factor >= 1)
    say(
      '/condition/perActivity/factor',
      `can never fire: there are never more of ${measure.counter} than of ${perActivity.counter}; the factor must be below 1`,
    )
}

/** Counted figures that a count is a part of. */
const PARTS_OF: Readonly<Partial<Record<AlertCounter, AlertCounter>>> = { pushed: 'deadLettered' }

type Unit = 'share' | 'ms' | 'count' | 'flag'
const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  share: 'a share',
  ms: 'a time',
  count: 'a number',
  flag: 'a yes or no',
}

function unitOf(measure: Measure): Unit {
  if (measure.kind === 'gauge') return measure.unit
  return measure.kind === 'count' ? 'count' : 'share'
}

function unitOfLimit(limit: LimitName): Unit {
  if (limit.endsWith('Ms')) return 'ms'
  return limit.startsWith('queue') ? 'count' : 'share'
}

/** The budget burns at most 1 / (1 - target) times as fast as it may: all fails then. */
function checkBurnRate(say: Say, rule: AlertRule, { measure, target, windows }: BurnRateCondition): void {
  checkGrouping(say, rule, measure)
  if (measureOf(measure).kind !== 'ratio') say('/condition/measure', 'must be a share over a window')
  if (!(target > 0 && target < 1)) say('/condition/target', 'must be between 0 and 1')
  if (windows.length === 0) say('/condition/windows', 'must be one or more')
  for (const [at, { factor, longMs, shortMs }] of windows.entries()) {
    const path = `/condition/windows/${at}`
    checkTime(say, `${path}/longMs`, longMs, RULE_WINDOW_MS)
    checkTime(say, `${path}/shortMs`, shortMs, RULE_WINDOW_MS)
    if (shortMs >= longMs) say(`${path}/shortMs`, 'must be shorter than the long window')
    if (!(factor > 0)) say(`${path}/factor`, 'must be above 0')
    const rate = factor * (1 - target)
    if (rate >= 1)
      say(
        `${path}/factor`,
        `can never fire: ${factor} x (1 - ${target}) is ${Number(rate.toFixed(3))}, and no more than all can fail; the factor must be below ${Number((1 / (1 - target)).toFixed(2))}`,
      )
  }
}

/** As the measures that count it have it. */
function groupingsOfCounter(counter: AlertCounter): readonly AlertRule['groupBy'][] {
  const found = Object.values(MEASURES).find(
    (measure) =>
      (measure.kind === 'count' && measure.counter === counter) ||
      (measure.kind === 'ratio' && (measure.part === counter || measure.whole === counter)),
  )
  return found?.groupings ?? []
}
