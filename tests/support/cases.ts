/** At most this many times the cases of an ordinary run, so that a slip of the keys isn't a run without an end. */
const FACTOR_MAX = 100_000

/**
 * How many cases a law generates: `n` in an ordinary run, more by TIDEMARK_CASES, as `npm run soak` sets it.
 * A property test passes its `numRuns` through here; without one it has a hundred (soak-report.ts).
 */
export const cases = (n: number): number => n * FACTOR

const FACTOR = readFactor(process.env['TIDEMARK_CASES'])

function readFactor(text: string | undefined): number {
  const factor = Number(text ?? '1')
  if (Number.isSafeInteger(factor) && factor >= 1 && factor <= FACTOR_MAX) return factor
  throw new Error(`TIDEMARK_CASES is ${text}; it must be a whole number from 1 to ${FACTOR_MAX}`)
}
