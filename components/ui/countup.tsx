'use client'
import { formatRound } from '#components/ui/format.ts'
import { useNow } from '#components/ui/viewer-clock.ts'

/** How long it has been since a moment, second by second: "4 h 51 min". Times are epoch ms; `now` is when the page was made. */
export function Countup({ since, now }: { since: number; now: number }) {
  const nowMs = useNow(now)
  return <span className="nw">{formatRound(Math.floor(Math.max(0, nowMs - since) / 1_000) * 1_000)}</span>
}
