import { formatAge, formatDuration, formatRound, plural } from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { pendingChart, pendingP95 } from './pillar-charts.ts'
import type { PillarView } from './pillar-view.ts'
import { compareWords, inRange, type RangeText } from './pillar-words.ts'
import type { PendingView } from './search-params.ts'

type Lag = OverviewAnswer['lag']
type Pending = NonNullable<NonNullable<Lag['figure']>['pending']>
type Ages = Pending['online']

const SUBJECTS: Readonly<Record<PendingView, string>> = {
  pending: 'pending age p95',
  offline: 'pending age p95 of offline devices',
}

const agesOf = ({ online, offline }: Pending, view: PendingView): Ages =>
  view === 'pending' ? online : offline

/**
 * Pending age: how long the oldest change of each device waits. Devices that are offline are apart,
 * since of those it is a lower bound. Pure.
 */
export function pendingView(lag: Lag, view: PendingView, range: RangeText): Omit<PillarView, 'marks'> {
  const pending = lag.figure?.pending ?? null
  const ages = pending && agesOf(pending, view)
  const least = view === 'offline' ? 'at least ' : ''
  const limit = lag.limits.oldestWarnMs
  const levelOf = (p95: number | null): PillarView['level'] =>
    p95 === null ? 'unk' : p95 > limit ? 'warn' : 'ok'
  const p95 = pendingP95(pending, view)
  const previous = lag.previous === null ? null : pendingP95(lag.previous.pending, view)
  return {
    sentence: ages === null ? 'How long changes wait is not known' : sentence(ages, view, limit),
    evidence:
      pending === null || ages === null
        ? `No device was counted, ${inRange(range)}; devices tell of one oldest change, whatever its collection`
        : [
            ...(ages.count === 0
              ? []
              : [
                  `p50 ${least}${formatDuration(ages.p50)}, p99 ${least}${formatDuration(ages.p99)}, longest ${least}${formatDuration(ages.max)}`,
                ]),
            `counted ${formatAge(lag.asOf.nowMs - pending.atMs)}`,
            ...(view === 'pending' && pending.offline.count > 0
              ? [`${plural(pending.offline.count, 'device')} offline, apart`]
              : []),
            compareWords(p95, previous, range, (ms) => formatDuration(ms), 'more', 'less'),
          ].join('; '),
    level: levelOf(p95),
    subject: SUBJECTS[view],
    chart: pendingChart(lag, view),
    groups: lag.groups.map(({ key, figure, points }) => {
      const of = figure.pending && agesOf(figure.pending, view)
      const value = pendingP95(figure.pending, view)
      return {
        key,
        value: of === null ? null : of.count === 0 ? 'none waits' : `${least}${formatDuration(of.p95)}`,
        level: levelOf(value),
        of: of === null ? 'not told' : `on ${plural(of.count, 'device')}`,
        trend: points.map((point) => pendingP95(point.figure?.pending ?? null, view)),
      }
    }),
    groupsLeftOut: lag.groupsLeftOut,
    breakdowns: [],
  }
}

function sentence(ages: Ages, view: PendingView, limit: number): string {
  if (ages.count === 0)
    return view === 'pending' ? 'No change waits on a device that is heard' : 'No device is offline'
  const within = `${(ages.p95 ?? 0) > limit ? 'over its limit' : 'within its limit'} of ${formatRound(limit)}`
  return view === 'pending'
    ? `Pending age p95 is ${formatDuration(ages.p95)} on ${plural(ages.count, 'device')}, ${within}`
    : `${plural(ages.count, 'device')} ${ages.count === 1 ? 'is' : 'are'} offline: pending age p95 is at least ${formatDuration(ages.p95)}`
}

/** What lag leaves out, since it hasn’t arrived: said wherever lag is told. Pure. */
export function notArrivedWords(pending: Pending | null): string {
  if (pending === null) return 'what has not arrived is not known'
  const parts = [
    ...(pending.online.count === 0
      ? []
      : [
          `pending age p95 ${formatDuration(pending.online.p95)} on ${plural(pending.online.count, 'device')}`,
        ]),
    ...(pending.offline.count === 0
      ? []
      : [
          `${plural(pending.offline.count, 'device')} offline, p95 at least ${formatDuration(pending.offline.p95)}`,
        ]),
  ]
  return parts.length === 0 ? 'all that is known of has arrived' : `not arrived: ${parts.join(', ')}`
}
