/** The time ranges of the console, as `range` in the URL. Pure. */
export const RANGES = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
export type Range = (typeof RANGES)[number]

export const RANGE_DEFAULT: Range = '24h'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** `compare` is what the grey line of a chart is. */
export const RANGE_WORDS: Record<Range, { ms: number; label: string; compare: string }> = {
  '15m': { ms: 15 * MINUTE_MS, label: 'Last 15 min', compare: 'vs 15 min before' },
  '1h': { ms: HOUR_MS, label: 'Last hour', compare: 'vs the hour before' },
  '6h': { ms: 6 * HOUR_MS, label: 'Last 6 h', compare: 'vs 6 h before' },
  '24h': { ms: DAY_MS, label: 'Last 24 h', compare: 'vs yesterday' },
  '7d': { ms: 7 * DAY_MS, label: 'Last 7 days', compare: 'vs last week' },
  '30d': { ms: 30 * DAY_MS, label: 'Last 30 days', compare: 'vs 30 days before' },
}

/** What the URL says; anything else is the default. */
export function parseRange(value: string | null | undefined): Range {
  return RANGES.find((range) => range === value) ?? RANGE_DEFAULT
}

/** A stretch of time that a page shows. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  /** In a sentence: "Last 24 h", "In the time chosen". */
  readonly label: string
  /** What the grey line of a chart is. */
  readonly compare: string
  /** True where it is given by its ends and doesn't move with the clock. */
  readonly fixed: boolean
}

/**
 * The stretch that an address means: its two ends, where they are given, else its range up to now. With one end alone the
 * range says where the other is. Pure.
 */
export function spanOf(
  { range, from, to }: { range: Range; from: number | null; to: number | null },
  nowMs: number,
): Span {
  const { ms, label, compare } = RANGE_WORDS[range]
  if (!isSpan(from, to) || (from === null && to === null))
    return { fromMs: nowMs - ms, toMs: nowMs, label, compare, fixed: false }
  const toMs = to ?? (from as number) + ms
  return {
    fromMs: from ?? toMs - ms,
    toMs,
    label: 'In the time chosen',
    compare: 'vs the same time before',
    fixed: true,
  }
}

/** False where the end is not behind the start. */
export const isSpan = (from: number | null, to: number | null): boolean =>
  from === null || to === null || from < to
