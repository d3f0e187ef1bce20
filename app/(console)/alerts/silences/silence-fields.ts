import { formatRound } from '#components/ui/format.ts'
import type { MatchedLabel, Matcher } from '#lib/application/alerts/terms.ts'
import { fieldText } from '../../settings/field-text.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const LENGTHS_MS = [
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  DAY_MS,
  3 * DAY_MS,
  7 * DAY_MS,
  30 * DAY_MS,
]
export const LENGTHS = LENGTHS_MS.map((ms) => ({ value: String(ms), label: formatRound(ms) }))
export const LENGTH_DEFAULT = String(2 * HOUR_MS)

export type SilenceBody = {
  matchers: readonly Matcher[]
  comment: string
  startsAt?: string
  endsAt: string
}

/**
 * What a form of matchers asks for; values stand behind each other with commas between. Pure.
 * @param nowMs the browser's clock, from which a silence that begins now is measured
 */
export function silenceOf(form: FormData, nowMs: number): SilenceBody {
  const column = (name: string): string[] =>
    form.getAll(name).map((value) => (typeof value === 'string' ? value : ''))
  const [comparisons, values] = [column('comparison'), column('values')]
  const matchers = column('label').map((label, index): Matcher => ({
    label: label as MatchedLabel,
    comparison: comparisons[index] as Matcher['comparison'],
    values: listOf(values[index] ?? ''),
  }))
  const begins = fieldText(form, 'begins')
  const startMs = begins === '' ? nowMs : new Date(begins).getTime()
  return {
    matchers,
    comment: fieldText(form, 'comment'),
    ...(begins === '' ? {} : { startsAt: new Date(startMs).toISOString() }),
    endsAt: new Date(startMs + Number(fieldText(form, 'length'))).toISOString(),
  }
}

/** Without blanks around, and without what is empty. */
const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '')
