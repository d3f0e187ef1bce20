/** Unix ms, [fromMs, toMs); null is without an end. */
export interface TimeRange {
  readonly fromMs: number | null
  readonly toMs: number | null
}

const DAY_MS = 86_400_000
const DAY = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * `2026-11-24` (a whole day, UTC), `2026-11-24T09:00Z` (that millisecond), or `from..to` of either, an end of which may be
 * left out; the range goes up to the instant, or through the whole day. Null for anything else. Pure.
 */
export function parseTimeRange(text: string): TimeRange | null {
  const dots = text.indexOf('..')
  if (dots < 0) return spanOf(text)
  const [first, last] = [text.slice(0, dots), text.slice(dots + 2)]
  const from = first === '' ? null : spanOf(first)
  const to = last === '' ? null : spanOf(last)
  if ((first !== '' && from === null) || (last !== '' && to === null) || (from === null && to === null))
    return null
  const toMs = to === null ? null : DAY.test(last) ? to.toMs : to.fromMs
  const range = { fromMs: from?.fromMs ?? null, toMs }
  return range.fromMs !== null && toMs !== null && range.fromMs >= toMs ? null : range
}

/** What `parseTimeRange` reads as the same. Pure. */
export function formatTimeRange({ fromMs, toMs }: TimeRange): string {
  if (fromMs !== null && toMs === fromMs + 1) return instantText(fromMs)
  if (fromMs !== null && toMs === fromMs + DAY_MS && fromMs % DAY_MS === 0) return dayText(fromMs)
  return `${fromMs === null ? '' : instantText(fromMs)}..${toMs === null ? '' : instantText(toMs)}`
}

function spanOf(text: string): { readonly fromMs: number; readonly toMs: number } | null {
  const isDay = DAY.test(text)
  if (!isDay && !INSTANT.test(text)) return null
  const fromMs = Date.parse(isDay ? `${text}T00:00Z` : text)
  // A 31st of February is read as a day of March.
  if (
    !Number.isFinite(fromMs) ||
    fromMs > LAST_MS ||
    !new Date(fromMs).toISOString().startsWith(text.slice(0, 10))
  )
    return null
  return { fromMs, toMs: fromMs + (isDay ? DAY_MS : 1) }
}

const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const instantText = (ms: number): string => new Date(ms).toISOString()
