import { formatDurationAmount } from './amount.ts'
import { formatTimeRange } from './time-range.ts'
import type { Comparison, Condition, Filter } from './field.ts'

/** A filter as one would type it: what it is parsed into again. Pure. */
export const formatFilter = (filter: Filter): string => filter.map(formatCondition).join(' ')

function formatCondition(condition: Condition): string {
  const sign = condition.not ? '-' : ''
  const compared = (comparison: Comparison, written: string): string =>
    `${comparison === '=' ? '' : comparison}${written}`
  switch (condition.kind) {
    case 'words':
      return `${sign}${quoted(condition.text, WORD)}`
    case 'is':
      return `${sign}${condition.key}:${condition.values.map((value) => quoted(value, VALUE)).join(',')}`
    case 'within':
      return `${sign}${condition.key}:${formatTimeRange(condition)}`
    case 'age':
      return `${sign}${condition.key}:${compared(condition.comparison, formatDurationAmount(condition.ageMs))}`
    case 'compare': {
      const { key, comparison, amount, unit } = condition
      const written = unit === 'ms' ? formatDurationAmount(amount) : String(amount)
      return `${sign}${key}:${compared(comparison, written)}`
    }
  }
}

/** What needs no quotes: nothing that the grammar has another meaning for. */
const WORD = /^(?!-)(?![A-Za-z]+:)[^\s"\\]+$/
const VALUE = /^[^\s",\\]+$/

const quoted = (text: string, bare: RegExp): string =>
  bare.test(text) ? text : `"${text.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`
