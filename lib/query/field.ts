/** What a value may be, and the one line that tells it. */
export interface Choice {
  readonly value: string
  readonly meaning: string
}

interface Described {
  readonly meaning: string
  /** Whole conditions, as one would write them; each is understood (a test reads them). */
  readonly examples: readonly string[]
}

/**
 * A key of a list's filter (docs/filters.md). `choice`: one of some words, or several of them at once where the thing has
 * several. `text`: a text as it is. `prefix`: how a text begins. `name`: a name, upper and lower case alike, or an id. `id`: a UUID. `duration` and
 * `count`: a number, which may be unknown. `time`: a moment, by its age or on the calendar.
 */
export type Field =
  | (Described & { readonly kind: 'choice'; readonly choices: readonly Choice[] })
  | (Described & { readonly kind: 'text' | 'prefix' | 'name' | 'id' | 'duration' | 'count' | 'time' })

export type Fields<Key extends string = string> = Readonly<Record<Key, Field>>

export const COMPARISONS = ['>', '>=', '<', '<=', '='] as const
export type Comparison = (typeof COMPARISONS)[number]

/**
 * One condition; a filter is a list of them, all of which hold. `not` is true of everything that the condition without
 * it is not true of, what is unknown among it.
 */
export type Condition<Key extends string = string> =
  | { readonly kind: 'is'; readonly key: Key; readonly not: boolean; readonly values: readonly string[] }
  | {
      readonly kind: 'compare'
      readonly key: Key
      readonly not: boolean
      readonly comparison: Comparison
      readonly amount: number
      readonly unit: 'ms' | 'count'
    }
  /** Of a moment: its age, as of when the filter is used (`frozen`). */
  | {
      readonly kind: 'age'
      readonly key: Key
      readonly not: boolean
      readonly comparison: Comparison
      readonly ageMs: number
    }
  /** Of a moment: Unix ms in [fromMs, toMs); null is without an end. */
  | {
      readonly kind: 'within'
      readonly key: Key
      readonly not: boolean
      readonly fromMs: number | null
      readonly toMs: number | null
    }
  | { readonly kind: 'words'; readonly not: boolean; readonly text: string }

/** `key:values`, made of values that we have. Pure. */
export const isAmong = <Key extends string>(key: Key, ...values: readonly string[]): Condition<Key> => ({
  kind: 'is',
  key,
  not: false,
  values,
})

export type Filter<Key extends string = string> = readonly Condition<Key>[]

/** Longer text than this isn't a filter. */
export const FILTER_LENGTH_MAX = 400
export const CONDITIONS_MAX = 20
export const VALUES_PER_CONDITION_MAX = 20
