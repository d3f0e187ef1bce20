/** What a breaker saw, second by second, made ready to draw into a field of 1000 × 100. Pure; times are epoch ms. */
import { placeMarks, placer, type Mark, type PlacedMark, type Point } from '#components/charts/prepare.ts'
import { niceTicks, timeTicks, type TimeTick, type ValueTick } from '#components/charts/ticks.ts'

/** Calls that were let in, failed ones among them, and those that were shed; seconds without any are left out. */
export type CountedSecond = { second: number; calls: number; failures: number; shed: number }

export type SecondsInput = {
  fromMs: number
  toMs: number
  seconds: readonly CountedSecond[]
  marks?: readonly Mark[]
  zone: string
}

export type Block = { x: number; width: number; y: number; height: number; tone: 'good' | 'failed' | 'shed' }
export type PreparedSeconds = {
  blocks: Block[]
  rows: { t: number; good: number; failed: number; shed: number }[]
  yTicks: ValueTick[]
  xTicks: TimeTick[]
  marks: PlacedMark[]
}

const BLOCK_SPACE = 1.4
const COUNT_TOP_MIN = 4
const SECOND_MS = 1_000

/** Good calls at the bottom, failed ones on top of them, shed ones above, so that all who came can be read off. */
export function prepareSeconds({ fromMs, toMs, seconds, marks = [], zone }: SecondsInput): PreparedSeconds {
  const rows = seconds
    .filter(({ second }) => second * SECOND_MS >= fromMs && second * SECOND_MS < toMs)
    .map(({ second, calls, failures, shed }) => ({
      t: second * SECOND_MS,
      good: calls - failures,
      failed: failures,
      shed,
    }))
  const top = rows.reduce((most, { good, failed, shed }) => Math.max(most, good + failed + shed), 0)
  const yMax = Math.max(top * 1.1, COUNT_TOP_MIN)
  const place = placer(fromMs, toMs)
  const width = Math.max(1, (place(fromMs + SECOND_MS) - place(fromMs)) * 10 - BLOCK_SPACE)
  const blocks = rows.flatMap(({ t, good, failed, shed }) => {
    const stacked: Block[] = []
    let below = 0
    for (const [tone, count] of [
      ['good', good],
      ['failed', failed],
      ['shed', shed],
    ] as const) {
      const height = (count / yMax) * 100
      below += height
      if (count > 0)
        stacked.push({ x: place(t) * 10, width, y: round(100 - below), height: round(height), tone })
    }
    return stacked
  })
  return {
    blocks,
    rows,
    yTicks: niceTicks(yMax, 'count'),
    xTicks: timeTicks(fromMs, toMs, zone),
    marks: placeMarks(marks, fromMs, toMs),
  }
}

/**
 * The failure rate over the window before each second, as the breaker judges it; null with fewer calls than it needs. What
 * lies before the first second given counts as nothing, so give a window more than is drawn.
 */
export function windowRates(
  seconds: readonly CountedSecond[],
  { callsMin, windowSeconds }: { callsMin: number; windowSeconds: number },
  { fromMs, toMs }: { fromMs: number; toMs: number },
): readonly Point[] {
  const bySecond = new Map(seconds.map((one) => [one.second, one]))
  const first = Math.ceil(fromMs / SECOND_MS)
  const last = Math.ceil(toMs / SECOND_MS) - 1
  const points: Point[] = []
  let [calls, failures] = [0, 0]
  for (let second = first - windowSeconds + 1; second <= last; second += 1) {
    const come = bySecond.get(second)
    const gone =
      second - windowSeconds < first - windowSeconds + 1 ? undefined : bySecond.get(second - windowSeconds)
    calls += (come?.calls ?? 0) - (gone?.calls ?? 0)
    failures += (come?.failures ?? 0) - (gone?.failures ?? 0)
    if (second >= first)
      points.push({ t: second * SECOND_MS, value: calls > 0 && calls >= callsMin ? failures / calls : null })
  }
  return points
}

const round = (value: number): number => Math.round(value * 100) / 100
