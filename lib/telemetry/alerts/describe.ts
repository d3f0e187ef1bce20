import { countText, durationText, percentText, pluralText, roundText } from '../format.ts'
import { measureOf } from './measures.ts'
import type { Reading } from './read-condition.ts'
import type { AlertRule } from './rule.ts'

/** One sentence of why a rule fires, with figure, denominator and bound; without a figure where none is known. Pure. */
export function describe(rule: AlertRule, reading: Reading | null): string {
  if (reading === null) return `${rule.title}: the figure is not known now`
  // It is so or it isn't: the title says it.
  if (isFlag(rule)) return rule.title
  return `${rule.title}: ${factOf(rule, reading)}`
}

function factOf({ condition }: AlertRule, reading: Reading): string {
  const over = windowText(reading.windowMs)
  switch (condition.kind) {
    case 'threshold':
      return thresholdFact(condition, reading, over)
    case 'burn_rate':
      return `${shareText(measureOf(condition.measure), reading)}${over}; ${percentText(condition.target)} should go well, and it burns over ${percentText(reading.bound)}`
    case 'absence':
      return `no ${nounOf(condition.counter)}${over}, and there were ${countText(condition.before.atLeast)} or more in the ${roundText(condition.before.windowMs)} before`
    case 'anomaly': {
      const weeks = reading.past.map(countText).join(', ')
      return `${countText(reading.value ?? 0)} ${nounOf(condition.counter)}${over}; in the same time of the weeks before ${weeks}`
    }
  }
}

function isFlag({ condition }: AlertRule): boolean {
  if (!('measure' in condition)) return false
  const measure = measureOf(condition.measure)
  return measure.kind === 'gauge' && measure.unit === 'flag'
}

type Threshold = Extract<AlertRule['condition'], { kind: 'threshold' }>

function thresholdFact(condition: Threshold, reading: Reading, over: string): string {
  const measure = measureOf(condition.measure)
  const { value, bound } = reading
  const side = condition.comparison === 'above' ? 'over' : 'under'
  switch (measure.kind) {
    case 'ratio':
    case 'share':
      return `${shareText(measure, reading)}${over}, ${side} ${percentText(bound)}`
    case 'count':
      return `${pluralText(value ?? 0, measure.noun)} ${measure.words}${over}, ${side} ${countText(bound)}`
    case 'gauge':
      return measure.unit === 'ms'
        ? `${measure.noun} is ${durationText(value ?? 0)}, ${side} ${roundText(bound)}`
        : `${pluralText(value ?? 0, measure.noun)} ${measure.words}, ${side} ${countText(bound)}`
  }
}

function shareText(measure: ReturnType<typeof measureOf>, { value, share }: Reading): string {
  if (share === null || value === null) return 'not enough traffic'
  const noun = 'noun' in measure ? measure.noun : ''
  return `${percentText(value)} ${measure.words} (${countText(share.part)} of ${pluralText(share.whole, noun)})`
}

const windowText = (ms: number): string => (ms === 0 ? '' : ` in ${roundText(ms)}`)

const NOUNS: Readonly<Record<string, string>> = {
  requests: 'requests',
  pushed: 'changes',
  deadLettered: 'dead letters',
  conflicts: 'conflicts',
  sessions: 'sessions',
  failedSessions: 'failed sessions',
  failures: 'failed requests',
  fullSyncs: 'full resyncs',
  rejectedCredentials: 'refused credentials',
}
export const nounOf = (counter: string): string => NOUNS[counter] ?? counter
