import type { Filter } from './field.ts'

/** Whether a filter asks for this value of a key. Pure. */
export const hasValue = <Key extends string>(filter: Filter<Key>, key: Key, value: string): boolean =>
  filter.some((one) => one.kind === 'is' && !one.not && one.key === key && one.values.includes(value))

/**
 * Asks for one value more of a key, or no longer for it: several values of a key are one condition. Pure.
 */
export function toggleValue<Key extends string>(filter: Filter<Key>, key: Key, value: string): Filter<Key> {
  const at = filter.findIndex((one) => one.kind === 'is' && !one.not && one.key === key)
  const found = filter[at]
  if (found?.kind !== 'is') return [...filter, { kind: 'is', key, not: false, values: [value] }]
  const others = found.values.filter((one) => one !== value)
  const values = others.length < found.values.length ? others : [...found.values, value]
  const changed = values.length === 0 ? [] : [{ ...found, values }]
  return [...filter.slice(0, at), ...changed, ...filter.slice(at + 1)]
}
