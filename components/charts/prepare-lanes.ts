/** A session's states as blocks on lanes of a field 1000 wide. Pure; times are epoch ms. */
import { STATE_ORDER } from '#components/charts/session-states.ts'
import { timeTicks, type TimeTick } from '#components/charts/ticks.ts'
import { formatClock, formatDuration } from '#components/ui/format.ts'
import type { SessionState } from '#lib/engine/session-machine.ts'

/** One stay in a state. `ms` is null while it lasts. `note` says what came: "503". */
export type SessionSegment = {
  state: SessionState
  startMs: number
  ms: number | null
  tone?: 'held' | 'crit'
  note?: string
}

export type Block = { lane: number; x: number; width: number; fill: string; said: string | null }

/** More stays than this are cut from the left: a picture of more says nothing. */
export const SEGMENTS_MAX = 2_000
/** Up to this many blocks each says its duration beside it. */
const SAID_BLOCKS_MAX = 16
/** Under this range minutes on the axis would all be the same. */
const SECONDS_AXIS_MS_MAX = 4 * 60_000

export function prepareLanes(
  segments: readonly SessionSegment[],
  fromMs: number,
  toMs: number,
  zone: string,
): { lanes: SessionState[]; blocks: Block[]; xTicks: TimeTick[] } {
  const isOver = ({ startMs, ms }: SessionSegment): boolean => ms !== null && startMs + ms < fromMs
  const kept = segments.filter((segment) => !isOver(segment)).slice(-SEGMENTS_MAX)
  const seen = new Set(kept.map((segment) => segment.state))
  const lanes = STATE_ORDER.filter((state) => seen.has(state))
  const x = (t: number): number =>
    (Math.min(Math.max(t - fromMs, 0), toMs - fromMs) / Math.max(1, toMs - fromMs)) * 1_000
  const blocks = kept.map((segment) => {
    const start = x(segment.startMs)
    const width = x(segment.startMs + (segment.ms ?? toMs - segment.startMs)) - start
    return {
      lane: lanes.indexOf(segment.state),
      x: start,
      width,
      fill: fillOf(segment),
      said: kept.length > SAID_BLOCKS_MAX ? null : say(segment),
    }
  })
  return { lanes, blocks, xTicks: laneTicks(fromMs, toMs, zone) }
}

function fillOf({ state, tone }: SessionSegment): string {
  if (tone !== undefined) return `f-${tone}`
  return { idle: 'f-rest', offline: 'f-off' }[state as string] ?? 'f-subject'
}

function say({ ms, note }: SessionSegment): string {
  const lasted = ms === null ? 'still' : formatDuration(ms)
  return note === undefined ? lasted : `${note}, ${lasted}`
}

/** Start and end with seconds for a short session, round times for a long range. */
function laneTicks(fromMs: number, toMs: number, zone: string): TimeTick[] {
  if (toMs - fromMs > SECONDS_AXIS_MS_MAX) return timeTicks(fromMs, toMs, zone)
  return [
    { t: fromMs, label: formatClock(fromMs, zone), leftPct: 0, align: 'a', thin: false },
    { t: toMs, label: `+${formatDuration(toMs - fromMs)}`, leftPct: 100, align: 'z', thin: false },
  ]
}
