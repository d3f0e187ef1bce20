import type { Random } from './random.ts'

/** The canonical form alone: ids are compared as texts. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for a UUID in its canonical lower-case form, of any version. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text)
}

const TIME_MAX = 2 ** 48 - 1

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

/**
 * A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then chance, so ids sort by time of making.
 * @param nowMs Unix milliseconds; a clock before 1970 counts as 1970, one past the year 10889 as that
 */
export function uuidv7(nowMs: number, random: Random): string {
  const time = hex(Math.min(Math.max(0, Math.floor(nowMs)), TIME_MAX), 12)
  const bits = (n: number): number => Math.floor(random() * 2 ** n)
  const variant = 0x8000 | bits(14)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(bits(12), 3)}-${hex(variant, 4)}-${hex(bits(24), 6)}${hex(bits(24), 6)}`
}
