/** What stands in the form, and what of it is to be written. Pure. */
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { REPORT_FIELDS, type ReportField } from './report-fields.ts'

/** The form's texts by field. */
export type Draft = Readonly<Record<string, string>>

const textOf = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : String(value)

export const draftOf = (data: JsonObject): Draft =>
  Object.fromEntries(REPORT_FIELDS.map(({ name }) => [name, textOf(data[name])]))

/** A new report, filed on that day ("2026-11-28"). */
export const newDraft = (today: string): Draft => draftOf({ flightDate: today, status: 'open' })

/** What is wrong with a field, in a few words; undefined when nothing is. */
export function problemOf({ kind, required, max = 0 }: ReportField, text: string): string | undefined {
  if (text.trim() === '') return required ? 'Fill this in' : undefined
  if (kind === 'date' && !/^\d{4}-\d\d-\d\d$/.test(text)) return 'A date, as 2026-11-28'
  const isCount = /^\d{1,10}$/.test(text.trim()) && Number(text) <= max
  return kind === 'number' && !isCount ? `A whole number from 0 to ${max.toLocaleString('en')}` : undefined
}

/** The problems of a draft by field; empty when it can be saved. */
export const problemsOf = (draft: Draft): Readonly<Record<string, string>> =>
  Object.fromEntries(
    REPORT_FIELDS.flatMap((field) => {
      const problem = problemOf(field, draft[field.name] ?? '')
      return problem === undefined ? [] : [[field.name, problem] as const]
    }),
  )

const valueOf = ({ kind }: ReportField, text: string): Json => {
  const trimmed = text.trim()
  if (trimmed === '') return null
  return kind === 'number' ? Number(trimmed) : trimmed
}

/** A whole report from the form, without what was not filled in: a fleet's schema may be an older one. */
export const reportOf = (draft: Draft): JsonObject =>
  Object.fromEntries(
    REPORT_FIELDS.map((field) => [field.name, valueOf(field, draft[field.name] ?? '')] as const).filter(
      ([, value]) => value !== null,
    ),
  )

/**
 * The fields that the person changed since `before`, the texts that the form began with: others may have changed the
 * rest meanwhile, and that stays theirs.
 */
export function changesOf(before: Draft, draft: Draft): JsonObject {
  const changed = REPORT_FIELDS.filter(({ name }) => (draft[name] ?? '') !== (before[name] ?? ''))
  return Object.fromEntries(changed.map((field) => [field.name, valueOf(field, draft[field.name] ?? '')]))
}

/**
 * The fields that the person changed and that somebody else changed to something else since the form began: to save is to
 * write over what the person has not seen. `current` is the record as this device shows it.
 */
export const overtakenFields = (before: Draft, draft: Draft, current: Draft): readonly ReportField[] =>
  REPORT_FIELDS.filter(({ name }) => {
    const [was = '', typed = '', is = ''] = [before[name], draft[name], current[name]]
    return typed !== was && is !== was && is !== typed
  })
