/** The first 32 bits of what follows the point in the square and cube roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function fractions(count: number, power: number): Uint32Array {
  const words = new Uint32Array(count)
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= candidate; divisor++)
      if (candidate % divisor === 0) isPrime = false
    if (!isPrime) continue
    const root = candidate ** power
    words[found++] = (root - Math.floor(root)) * 2 ** 32
  }
  return words
}
const ROUNDS = 64
const BLOCK_BYTES = 64
const K = fractions(ROUNDS, 1 / 3)
const INITIAL = fractions(8, 1 / 2)

/**
 * SHA-256 of a text in UTF-8, in hex: for ids of short texts in the pure folders, which have no library for it. Half of a
 * surrogate pair counts as U+FFFD, as everywhere. Pure.
 */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const length = Math.ceil((bytes.length + 9) / BLOCK_BYTES) * BLOCK_BYTES
  const padded = new Uint8Array(length)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(length - 8, Math.floor((bytes.length * 8) / 2 ** 32))
  view.setUint32(length - 4, (bytes.length * 8) >>> 0)
  const state = INITIAL.slice()
  const w = new Uint32Array(ROUNDS)
  for (let at = 0; at < length; at += BLOCK_BYTES) addBlock(state, w, view, at)
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

const turned = (word: number, by: number): number => (word >>> by) | (word << (32 - by))
const of = (words: Uint32Array, index: number): number => words[index] as number

function addBlock(state: Uint32Array, w: Uint32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + i * 4)
  for (let i = 16; i < ROUNDS; i++) {
    const [a, b] = [of(w, i - 15), of(w, i - 2)]
    const s0 = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)
    const s1 = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10)
    w[i] = of(w, i - 16) + s0 + of(w, i - 7) + s1
  }
  let [a, b, c, d, e, f, g, h] = Array.from(state) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + of(K, i) + of(w, i)) | 0
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0]
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = of(state, i) + word
}
