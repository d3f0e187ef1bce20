import { formatDurationAmount } from './amount.ts'
import type { Condition, Filter } from './field.ts'

/** A filter as one would type it: what it is parsed into again. Pure. */
export const formatFilter = (filter: Filter): string => filter.map(formatCondition).join(' ')

function formatCondition(condition: Condition): string {
  const sign = condition.not ? '-' : ''
  switch (condition.kind) {
    case 'words':
      return `${sign}${quoted(condition.text, WORD)}`
    case 'is':
      return `${sign}${condition.key}:${condition.values.map((value) => quoted(value, VALUE)).join(',')}`
    case 'compare': {
      const { key, comparison, amount, unit } = condition
      const written = unit === 'ms' ? formatDurationAmount(amount) : String(amount)
      return `${sign}${key}:${comparison === '=' ? '' : comparison}${written}`
    }
  }
}

/** What needs no quotes: nothing that the grammar has another meaning for. */
const WORD = /^(?!-)(?![A-Za-z]+:)[^\s"\\]+$/
const VALUE = /^[^\s",\\]+$/

const quoted = (text: string, bare: RegExp): string =>
  bare.test(text) ? text : `"${text.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`
