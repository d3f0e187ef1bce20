'use client'
import { formatAge, formatClock, formatDay, formatMoment, NOT_KNOWN } from '#components/ui/format.ts'
import { useNow, useViewerZone } from '#components/ui/viewer-clock.ts'

/**
 * A moment in the viewer's zone, with UTC on hover.
 * `at` and `now` are server times in epoch ms; `now` is when the page was made.
 */
export type TimeProps = {
  at: number | null
  now: number
  /** clock: 14:32:08 · exact: 14:32:08.417 · moment: Tue 24 Nov, 14:32:08 · age: 4 min ago · both: 4 min ago, 14:32:08 */
  show?: 'clock' | 'exact' | 'moment' | 'age' | 'both'
}

const AGE_STEP_MS = 1_000

export function Time({ at, now, show = 'both' }: TimeProps) {
  const zone = useViewerZone()
  const nowMs = useNow(now, AGE_STEP_MS)
  if (at === null) return <span className="unk">{NOT_KNOWN}</span>
  const age = formatAge(Math.max(0, nowMs - at))
  const clock = clockText(at, nowMs, zone)
  const exact = `${clock}.${String(Math.floor(at) % 1_000).padStart(3, '0')}`
  const text = { clock, exact, moment: formatMoment(at, zone), age, both: `${age}, ${clock}` }[show]
  const title = show === 'age' ? `${formatMoment(at, 'UTC')}` : `${formatMoment(at, 'UTC')} · ${age}`
  return (
    <time className="nw" dateTime={new Date(at).toISOString()} title={title}>
      {text}
    </time>
  )
}

/** The clock alone today; with the day when it was another day. */
function clockText(at: number, nowMs: number, zone: string): string {
  const day = formatDay(at, zone)
  const clock = formatClock(at, zone)
  return day === formatDay(nowMs, zone) ? clock : `${day} ${clock}`
}
