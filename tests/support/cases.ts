/** `npm run verify` tries a tenth; less would be no test. */
const FACTOR_MIN = 0.1
/** At most this many times the cases of an ordinary run, so that a slip of the keys isn't a run without an end. */
const FACTOR_MAX = 100_000

/**
 * How many cases a law generates: `n` in an ordinary run, more or fewer by TIDEMARK_CASES, as `npm run soak` and
 * `npm run verify` set it.
 * A property test passes its `numRuns` through here; without one it has a hundred (soak-report.ts).
 */
export const cases = (n: number): number => Math.ceil(n * FACTOR)

const FACTOR = readFactor(process.env['TIDEMARK_CASES'])

function readFactor(text: string | undefined): number {
  const factor = Number(text ?? '1')
  if (factor >= FACTOR_MIN && factor <= FACTOR_MAX) return factor
  throw new Error(`TIDEMARK_CASES is ${text}; it must be a number from ${FACTOR_MIN} to ${FACTOR_MAX}`)
}
