/** Tries that failed for the moment before a mutation becomes a dead letter (DL4). A `shed` is no try. */
export const FAILED_TRIES_MAX = 20

const FIRST_WAIT_MS = 1_000
const WAIT_MAX_MS = 3 * 3_600_000

/**
 * How long to wait after the nth failed try, ms: doubling from a second up to three hours, so that a device which
 * keeps to it spreads FAILED_TRIES_MAX tries over about a day.
 */
export const waitAfterTries = (tries: number): number =>
  Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 30))
