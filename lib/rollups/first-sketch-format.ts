import { decodeBase64url } from '#lib/kernel/base64url.ts'
import { assert } from '#lib/kernel/result.ts'

/**
 * Texts of sketches as they were written first: slots of an HdrHistogram of two significant digits, LEB128 numbers in
 * base64url; an even number is twice a slot's count, an odd one stands for that half of unused slots. Events and
 * buckets that hold them live up to 400 days.
 */
export const isFirstFormat = (text: string): boolean => /^[\w-]/.test(text)

/** @param visit gets the middle of each slot in use, and how many values are in it */
export function readFirstFormat(text: string, visit: (value: number, count: number) => void): void {
  const bytes = decodeBase64url(text)
  assert(bytes !== null, 'an encoded sketch is base64url')
  let [slot, number, factor] = [0, 0, 1]
  for (const byte of bytes) {
    number += (byte % 128) * factor
    factor *= 128
    if (byte >= 128) continue
    if (number % 2 === 1) slot += (number - 1) / 2
    else visit(middleOf(slot++), number / 2)
    number = 0
    factor = 1
  }
  assert(factor === 1, 'an encoded sketch ends after a whole number')
}

/** Single numbers up to 255, from there 128 slots an octave. */
function middleOf(slot: number): number {
  if (slot < 256) return slot
  const width = 2 ** (Math.floor(slot / 128) - 1)
  return ((slot % 128) + 128) * width + width / 2
}
