/** A source of chance in [0, 1), passed in so that the pure folders stay deterministic. */
export type Random = () => number

/** A small seeded generator (mulberry32): equal seeds give equal sequences on every platform. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
