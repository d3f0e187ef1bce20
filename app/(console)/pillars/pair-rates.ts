import { formatCount, plural } from '#components/ui/format.ts'
import type { conflictPairs } from '#lib/application/conflicts/list-conflicts.ts'
import { CONFLICT_LOOK_MAX } from '#lib/query/conflict-fields.ts'

type Found = Awaited<ReturnType<typeof conflictPairs>>
type Pair = Found['pairs'][number]

/** How often changes of one app version met what another had written. */
export type PairRate = Pair & {
  /** Changes that the device's version pushed in the same time; null where that isn't told. */
  readonly pushed: number | null
  /** Of those; null under 20 of them, where one conflict would be a twentieth, and where not all conflicts were counted. */
  readonly rate: number | null
}

/** Under this many changes a share says nothing. */
const PUSHED_MIN = 20

/** @param pushedBy changes pushed, by app version. Pure. */
export const pairRates = (
  { pairs, capped }: Pick<Found, 'pairs' | 'capped'>,
  pushedBy: ReadonlyMap<string, number>,
): readonly PairRate[] =>
  pairs.map((pair) => {
    const pushed = pushedBy.get(pair.appVersion) ?? null
    const isTold = !capped && pushed !== null && pushed >= PUSHED_MIN
    return { ...pair, pushed, rate: isTold ? pair.count / pushed : null }
  })

/** Why a pair has no rate. Pure. */
export function noRateWords(
  { pushed, appVersion }: Pick<PairRate, 'pushed' | 'appVersion'>,
  capped: boolean,
): string {
  if (capped) return 'not all were counted'
  if (appVersion === '') return 'version not kept'
  if (pushed === null) return 'what it pushed is not told'
  return `too few: ${plural(pushed, 'change')}`
}

/** What of the conflicts and of the pairs is left out; null where nothing is. Pure. */
export function pairsLeftOut({ pairs, total, capped }: Omit<Found, 'conflicts'>): string | null {
  const said = [
    ...(capped
      ? [
          `Counted are those among the newest ${formatCount(CONFLICT_LOOK_MAX)} conflicts of this time: their share of the pushed changes is not known.`,
        ]
      : []),
    ...(total > pairs.length
      ? [
          `Listed are the ${formatCount(pairs.length)} pairs with the most conflicts, of ${formatCount(total)}.`,
        ]
      : []),
  ]
  return said.length === 0 ? null : said.join(' ')
}

/** The pair that meets most often for what it pushes, in a sentence; null where no rate is known. Pure. */
export function worstPair(rates: readonly PairRate[], percent: (rate: number) => string): string | null {
  const known = rates.flatMap((one) => (one.rate === null ? [] : [{ ...one, rate: one.rate }]))
  const [worst] = known.toSorted((a, b) => b.rate - a.rate)
  if (worst === undefined) return null
  const against = worst.remoteAppVersion ?? 'a version that is not known'
  return `${worst.appVersion} meets ${against} most often: ${percent(worst.rate)} of the changes that it pushed`
}
