import type { conflictPairs } from '#lib/application/conflicts/list-conflicts.ts'

type Pair = Awaited<ReturnType<typeof conflictPairs>>['pairs'][number]

/** How often changes of one app version met what another had written. */
export type PairRate = Pair & {
  /** Changes that the device's version pushed in the same time; null where that isn't told. */
  readonly pushed: number | null
  /** Of those; null under 20 of them, where one conflict would be a twentieth. */
  readonly rate: number | null
}

/** Under this many changes a share says nothing. */
const PUSHED_MIN = 20

/** @param pushedBy changes pushed, by app version. Pure. */
export const pairRates = (
  pairs: readonly Pair[],
  pushedBy: ReadonlyMap<string, number>,
): readonly PairRate[] =>
  pairs.map((pair) => {
    const pushed = pushedBy.get(pair.appVersion) ?? null
    return { ...pair, pushed, rate: pushed === null || pushed < PUSHED_MIN ? null : pair.count / pushed }
  })

/** The pair that meets most often for what it pushes, in a sentence; null where no rate is known. Pure. */
export function worstPair(rates: readonly PairRate[], percent: (rate: number) => string): string | null {
  const known = rates.flatMap((one) => (one.rate === null ? [] : [{ ...one, rate: one.rate }]))
  const [worst] = known.toSorted((a, b) => b.rate - a.rate)
  if (worst === undefined) return null
  const against = worst.remoteAppVersion ?? 'a version that is not known'
  return `${worst.appVersion} meets ${against} most often: ${percent(worst.rate)} of the changes that it pushed`
}
