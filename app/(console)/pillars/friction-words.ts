import { formatCount, formatPercent, plural } from '#components/ui/format.ts'
import type { friction } from '#lib/application/pillars/friction.ts'
import { pairWords, placeWords } from '../conflicts/desk-words.ts'
import { wholePercent } from './pillar-words.ts'

export type Friction = Awaited<ReturnType<typeof friction>>
type Collection = Friction['collections'][number]
type Cause = NonNullable<Collection['cause']>

/** The worst of the collections that indicate friction; null for none. Pure. */
export const worstFriction = ({ collections }: Pick<Friction, 'collections'>): Collection | null =>
  collections.find(({ verdict }) => verdict === 'friction') ?? null

/** A field by its title where the schema has one and by its name, and the screen on which it is edited. Pure. */
export function causeWords({ place, title, screen }: Pick<Cause, 'place' | 'title' | 'screen'>): string {
  const name = placeWords(place)
  const isOther = title !== null && title.toLowerCase() !== name.toLowerCase()
  const field = isOther ? `${title} (${name})` : (title ?? name)
  return screen === null ? field : `${field} on the screen “${screen}”`
}

/** What is said to have most of them; of the others the one with the most is only the most frequent. */
const MOST = 0.5

const overWords = (cause: Cause): string =>
  `${cause.share !== null && cause.share > MOST ? 'most' : 'most often'} over ${causeWords(cause)}`

/** "Friction in reports: 14.2 % of its changes …, most over status on the screen “Report form”". Pure. */
export function frictionSentence({ collection, changes, limit, cause }: Collection): string {
  const rate = `Friction in ${collection}: ${formatPercent(changes.rate)} of its changes needed resolution, over its ${wholePercent(limit)}`
  return cause === null ? `${rate}; over which field is not told` : `${rate}, ${overWords(cause)}`
}

/** The same in a line beside other things. Pure. */
export const frictionLine = ({ collection, cause }: Collection): string =>
  `Friction in ${collection}${cause === null ? '' : `, ${overWords(cause)}`}`

/** Why it is that field, a part each; what is not known is said. Pure. */
export function causeEvidence({ share, count, pair, writers }: Cause): readonly string[] {
  return [
    share === null
      ? `${plural(count, 'conflict')} over this field`
      : `${formatPercent(share)} of its conflicts are over this field`,
    pair === null
      ? 'between which app versions is not told for this part of the fleet'
      : `${pairWords(pair)} in ${formatCount(pair.count)} of ${formatCount(pair.of)}`,
    ...(writers === null ? [] : [writersWords(writers)]),
  ]
}

/** Who met whom in most of the newest conflicts. Pure. */
export function writersWords(writers: NonNullable<Cause['writers']>): string {
  const all = Object.values(writers).reduce((sum, count) => sum + count, 0)
  const [most] = (
    [
      [writers.devices, 'two devices had edited it'],
      [writers.desk, 'the desk or a program had decided it meanwhile'],
      [writers.sameDevice, 'a device met its own earlier change'],
      [writers.unknown, 'who had written what was met is no longer known'],
    ] as const
  ).toSorted(([a], [b]) => b - a)
  return most === undefined ? '' : `in ${formatCount(most[0])} of the newest ${formatCount(all)} ${most[1]}`
}

/** The hours of a day, as of minutes after midnight UTC: "06:00 to 10:00 UTC". Pure. */
export const dailyWords = ({ fromMinute, toMinute }: { fromMinute: number; toMinute: number }): string =>
  `${clockOf(fromMinute)} to ${clockOf(toMinute)} UTC`

const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** Collections beside the one that is told of. */
const OTHERS_NAMED_MAX = 3

/** The other collections over their limits, in one part; empty for none. Pure. */
export function othersWords({ collections }: Pick<Friction, 'collections'>): readonly string[] {
  const names = collections
    .filter(({ verdict }) => verdict === 'friction')
    .map(({ collection }) => collection)
  const others = names.slice(1)
  if (others.length === 0) return []
  const more = others.length - OTHERS_NAMED_MAX
  return [
    `friction in ${others.slice(0, OTHERS_NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''} too`,
  ]
}

/** Where there is no friction, whether that is known. Pure. */
export function calmWords({ collections, changesMin }: Pick<Friction, 'collections' | 'changesMin'>): string {
  const of = (verdict: Collection['verdict']) => collections.filter((one) => one.verdict === verdict)
  const [calm, few] = [of('calm'), of('few')]
  const [only] = collections
  if (calm.length === 0 && few.length === 0) return 'whether there is friction is not known'
  if (calm.length === 0)
    return few.length === 1 && only !== undefined
      ? `not enough traffic to say whether there is friction: ${plural(only.changes.whole, 'change')} of at least ${changesMin}`
      : `not enough traffic to say whether there is friction: under ${changesMin} changes in each collection`
  const quiet = few.length === 0 ? '' : `; ${plural(few.length, 'collection')} with too few changes to say`
  return calm.length === 1 && calm[0] !== undefined
    ? `no friction: ${calm[0].collection} is within its ${wholePercent(calm[0].limit)}${quiet}`
    : `no friction: ${formatCount(calm.length)} collections are within their limits${quiet}`
}
