/** A device's pending age: stretches that grow, prepared for a field 1000 wide. Pure; times are epoch ms. */
import {
  placeMarks,
  placer,
  type Gap,
  type Mark,
  type PlacedMark,
  type PreparedThreshold,
} from '#components/charts/prepare.ts'
import { niceTicks, timeTicks, type TimeTick, type ValueTick } from '#components/charts/ticks.ts'

export type Stretch = {
  fromMs: number
  fromAgeMs: number
  toMs: number
  toAgeMs: number
  lowerBound: boolean
}

export type PendingInput = {
  /** In time order; where there is none the age is not known. */
  pieces: readonly Stretch[]
  fromMs: number
  toMs: number
  warnMs: number
  warnWord: string
  marks?: readonly Mark[]
  /** px */
  height: number
  zone: string
}

export type PreparedPending = {
  known: string
  dotted: string
  gaps: Gap[]
  yTicks: ValueTick[]
  xTicks: TimeTick[]
  thresholds: PreparedThreshold[]
  marks: PlacedMark[]
  end: { leftPct: number; topPct: number } | null
}

const GAP_WORD_WIDTH_PCT_MIN = 22
/** A limit this much above the data stays off the scale, with an arrow at its word. */
const LIMIT_REACH = 6
/** The top of a chart of nothing but zeros. */
const EMPTY_TOP_MS = 60_000

export function preparePending(input: PendingInput): PreparedPending {
  const { fromMs, toMs, warnMs, height, zone } = input
  const pieces = input.pieces.flatMap((piece) => within(piece, fromMs, toMs))
  const top = Math.max(0, ...pieces.map(({ fromAgeMs, toAgeMs }) => Math.max(fromAgeMs, toAgeMs)))
  const onScale = top > 0 && warnMs <= top * LIMIT_REACH
  const yMax = Math.max(top * 1.1, onScale ? warnMs * 1.25 : 0) || EMPTY_TOP_MS
  const place = placer(fromMs, toMs)
  const topPct = (ageMs: number): number => 100 - (ageMs / yMax) * 100
  const at = (t: number, ageMs: number): string =>
    `${(place(t) * 10).toFixed(1)} ${((topPct(ageMs) / 100) * height).toFixed(1)}`
  const last = pieces.at(-1)
  return {
    known: path(
      pieces.filter(({ lowerBound }) => !lowerBound),
      at,
    ),
    dotted: path(
      pieces.filter(({ lowerBound }) => lowerBound),
      at,
    ),
    gaps: gapsOf(pieces, fromMs, toMs),
    yTicks: niceTicks(yMax, 'duration'),
    xTicks: timeTicks(fromMs, toMs, zone),
    thresholds: [
      { value: warnMs, word: input.warnWord, tone: 'warn', onScale, topPct: onScale ? topPct(warnMs) : 0 },
    ],
    marks: placeMarks(input.marks ?? [], fromMs, toMs),
    end: last === undefined ? null : { leftPct: place(last.toMs), topPct: topPct(last.toAgeMs) },
  }
}

/** The part of it that is inside. */
function within(piece: Stretch, fromMs: number, toMs: number): Stretch[] {
  const start = Math.max(piece.fromMs, fromMs)
  const end = Math.min(piece.toMs, toMs)
  if (end <= start) return []
  const slope = (piece.toAgeMs - piece.fromAgeMs) / (piece.toMs - piece.fromMs)
  const age = (t: number): number => piece.fromAgeMs + slope * (t - piece.fromMs)
  return [{ ...piece, fromMs: start, toMs: end, fromAgeMs: age(start), toAgeMs: age(end) }]
}

/** Stretches that follow on each other are one line, with the fall where a queue was emptied. */
function path(pieces: readonly Stretch[], at: (t: number, ageMs: number) => string): string {
  let text = ''
  let endMs: number | null = null
  for (const { fromMs, toMs, fromAgeMs, toAgeMs } of pieces) {
    text += `${endMs === fromMs ? 'L' : 'M'}${at(fromMs, fromAgeMs)}L${at(toMs, toAgeMs)}`
    endMs = toMs
  }
  return text
}

function gapsOf(pieces: readonly Stretch[], fromMs: number, toMs: number): Gap[] {
  const place = placer(fromMs, toMs)
  const edges = [...pieces.map((piece) => [piece.fromMs, piece.toMs] as const), [toMs, toMs] as const]
  const gaps: Gap[] = []
  let known = fromMs
  for (const [start, end] of edges) {
    const widthPct = place(start) - place(known)
    if (start > known && widthPct > 0)
      gaps.push({
        leftPct: place(known),
        widthPct,
        word: widthPct >= GAP_WORD_WIDTH_PCT_MIN ? 'not told' : null,
      })
    known = Math.max(known, end)
  }
  return gaps
}
