'use client'
import { formatDuration } from '#components/ui/format.ts'
import { useNow } from '#components/ui/viewer-clock.ts'

/** What is left until a moment, second by second: "1 h 34 min". Times are epoch ms; `now` is when the page was made. */
export function Countdown({ until, now, over }: { until: number; now: number; over: string }) {
  const nowMs = useNow(now)
  const leftMs = until - nowMs
  return <span className="nw">{leftMs <= 0 ? over : formatDuration(Math.ceil(leftMs / 1_000) * 1_000)}</span>
}
