import { BUCKETS_MAX } from '../otlp/metric-values.ts'
import type { Spread } from '../told/point.ts'
import type { Sample } from './points-of-samples.ts'

/**
 * Histograms of their `_bucket` samples: those alike but for `le` are one, whose counts rise with it. One whose buckets
 * don't end at infinity, or fall, is none.
 */
export function spreadsOf(
  buckets: readonly Sample[],
): readonly { readonly sample: Sample; readonly spread: Spread }[] {
  const groups = new Map<string, { readonly sample: Sample; readonly upTo: [number, number][] }>()
  for (const { labels, ...rest } of buckets) {
    const own = new Map([...labels].filter(([name]) => name !== 'le'))
    const key = JSON.stringify([rest.atMs, [...own].sort(([a], [b]) => (a < b ? -1 : 1))])
    const group = groups.get(key) ?? { sample: { ...rest, labels: own }, upTo: [] }
    groups.set(key, group)
    const le = labels.get('le') ?? ''
    group.upTo.push([/^\+?inf/i.test(le) ? Infinity : Number(le === '' ? Number.NaN : le), rest.value])
  }
  return [...groups.values()].flatMap(({ sample, upTo }) => {
    const spread = spreadOf(upTo.toSorted(([a], [b]) => a - b))
    return spread === null ? [] : [{ sample, spread }]
  })
}

function spreadOf(upTo: readonly (readonly [number, number])[]): Spread | null {
  const bounds = upTo.map(([bound]) => bound)
  const counts = upTo.map(([, count], i) => count - (upTo[i - 1]?.[1] ?? 0))
  const isWhole = counts.every((count) => Number.isSafeInteger(count) && count >= 0)
  const rise = bounds.every((bound, i) => bound > (bounds[i - 1] ?? -Infinity))
  if (!isWhole || !rise || bounds.at(-1) !== Infinity || bounds.length < 2 || bounds.length > BUCKETS_MAX)
    return null
  return { kind: 'explicit', bounds: bounds.slice(0, -1), counts }
}
