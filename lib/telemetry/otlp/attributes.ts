import { isJsonObject } from '#lib/kernel/json.ts'

/** OTLP in JSON comes from many hands: whatever is not what it should be counts as absent. */
export const listOf = (value: unknown, name: string): readonly unknown[] => {
  const list = memberOf(value, name)
  return Array.isArray(list) ? list : []
}

export const memberOf = (value: unknown, name: string): unknown =>
  isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

export const textOf = (value: unknown, name: string): string | undefined => {
  const text = memberOf(value, name)
  return typeof text === 'string' && text !== '' ? text : undefined
}

export type Attributes = ReadonlyMap<string, string | number>

/** Attributes by key; 64-bit numbers come as numbers or as texts, lists and maps are left out. */
export function attributesOf(value: unknown): Attributes {
  const found = new Map<string, string | number>()
  for (const each of listOf(value, 'attributes')) {
    const key = textOf(each, 'key')
    const told = scalarOf(memberOf(each, 'value'))
    if (key !== undefined && told !== undefined) found.set(key, told)
  }
  return found
}

function scalarOf(value: unknown): string | number | undefined {
  const text = textOf(value, 'stringValue')
  if (text !== undefined) return text
  const number = memberOf(value, 'intValue') ?? memberOf(value, 'doubleValue')
  if (typeof number === 'number') return number
  return typeof number === 'string' && /^-?\d{1,19}$/.test(number) ? Number(number) : undefined
}

/** A whole number of 0 or more; another is not reported. */
export function countOf(attributes: Attributes, key: string): number | null {
  const told = attributes.get(key)
  // Of other texts `Number` would make figures that nobody told: 0 of a blank.
  const value = typeof told === 'string' && !/^\d+$/.test(told) ? Number.NaN : Number(told)
  return Number.isSafeInteger(value) && value >= 0 ? value : null
}

const NANOS_PER_MS = 1_000_000n
const TIME_MAX_MS = 8.64e15

/** Unix ms of a `fixed64`, which JSON has as a text or, past what a double holds, roughly as a number. */
export function unixMsOf(value: unknown, name: string): number | null {
  const told = memberOf(value, name)
  const text =
    typeof told === 'number' && Number.isSafeInteger(Math.round(told / 1e6)) ? BigInt(Math.round(told)) : told
  if (typeof text !== 'bigint' && !(typeof text === 'string' && /^\d{1,20}$/.test(text))) return null
  const ms = Number(BigInt(text) / NANOS_PER_MS)
  return ms > 0 && ms <= TIME_MAX_MS ? ms : null
}
