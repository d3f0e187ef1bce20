import type { LetterForecast } from '#lib/application/operations/foretell-letter.ts'

/** A record's document. */
export type Document = NonNullable<NonNullable<LetterForecast['record']>['data']>

const RUNS: ReadonlySet<LetterForecast['outcome']> = new Set([
  'applied',
  'merged',
  'superseded',
  'conflict',
  'duplicate',
] satisfies LetterForecast['outcome'][])

/** The record as a replay would leave it, for the table by field; undefined where it would not run, or that isn't told. Pure. */
export function documentThen({ outcome, record }: LetterForecast): Document | null | undefined {
  if (!RUNS.has(outcome) || record === null) return undefined
  return record.deleted ? null : record.data
}

/** When it would stand so: "would be v6". Pure. */
export function versionThen({ outcome, record }: LetterForecast, serverVersion: number): string {
  if (record === null) return 'no record'
  if (outcome === 'conflict') return `v${record.version}, until a person decides`
  const version = record.version > serverVersion ? `would be v${record.version}` : `stays v${record.version}`
  return record.deleted ? `${version}, deleted` : version
}
