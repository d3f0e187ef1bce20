'use client'
import type { CSSProperties } from 'react'
import { prepareLanes, type SessionSegment } from '#components/charts/prepare-lanes.ts'
import { prepareStrip } from '#components/charts/prepare-strip.ts'
import { STATE_WORDS } from '#components/charts/session-states.ts'
import { placer } from '#components/charts/prepare.ts'
import { TimeTicks } from '#components/charts/time-ticks.tsx'
import { formatDuration } from '#components/ui/format.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'
import type { SessionState } from '#lib/engine/session-machine.ts'

/** Short stays keep their word: widths grow with the logarithm of the time. */
const FLEX_MIN = 0.42
/** Below this a duration is noise beside its word. */
const SAID_MS_MIN = 1_000

/** One session in one line, for a table row. */
export function SessionStrip({ segments }: { segments: readonly SessionSegment[] }) {
  return (
    <span className="strip" role="img" aria-label={segments.map(sayAll).join(', ')}>
      {prepareStrip(segments).map((part, index) =>
        part.kind === 'more' ? (
          <i key={index} aria-hidden="true" className="more" title={`${part.count} more states`}>
            +{part.count}
          </i>
        ) : (
          <Stay key={index} segment={part.segment} />
        ),
      )}
    </span>
  )
}

function Stay({ segment }: { segment: SessionSegment }) {
  return (
    <i
      aria-hidden="true"
      className={segment.tone}
      title={sayAll(segment)}
      style={{ flexGrow: Math.max(FLEX_MIN, Math.log10(1 + (segment.ms ?? 0) / 500)) }}
    >
      {STATE_WORDS[segment.state].short}
      {segment.note === undefined ? null : ` ${segment.note}`}
      {(segment.ms ?? 0) < SAID_MS_MIN ? null : <b> {formatDuration(segment.ms)}</b>}
    </i>
  )
}

function sayAll({ state, ms, note }: SessionSegment): string {
  const lasted = ms === null ? 'still' : formatDuration(ms)
  return note === undefined ? `${state} ${lasted}` : `${state} ${note} ${lasted}`
}

const LANE_PX = 18
const LANE_LABEL_PX = 76
const TICK_MIN = 1.6

export type SessionLanesProps = {
  segments: readonly SessionSegment[]
  fromMs: number
  toMs: number
  label: string
  marks?: readonly { t: number; word: string }[]
}

/** One session or device over time, a lane for each state it was in. */
export function SessionLanes({ segments, fromMs, toMs, label, marks = [] }: SessionLanesProps) {
  const zone = useViewerZone()
  const { lanes, blocks, xTicks } = prepareLanes(segments, fromMs, toMs, zone)
  const height = lanes.length * LANE_PX
  const place = placer(fromMs, toMs)
  const style = { '--h': `${height}px`, '--l': `${LANE_LABEL_PX}px`, '--mk': '14px' } as CSSProperties
  return (
    <figure className="plot" style={style} aria-label={label}>
      <div className="pa">
        <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {lanes.map((state, lane) => (
            <path key={state} className="grid" d={`M0 ${(lane + 0.5) * LANE_PX}H1000`} />
          ))}
          {blocks.map((block, index) => (
            <rect
              key={index}
              className={block.fill}
              x={block.x}
              width={Math.max(block.width, TICK_MIN)}
              y={block.lane * LANE_PX + 3}
              height={LANE_PX - 7}
              rx="1"
            />
          ))}
        </svg>
        {lanes.map((state, lane) => (
          <span
            key={state}
            className={`yl ${laneTone(segments, state)}`}
            style={{ top: (lane + 0.5) * LANE_PX }}
          >
            {state}
          </span>
        ))}
        {blocks.flatMap((block, index) =>
          block.said === null || sayAt(block) === null ? (
            []
          ) : (
            <span
              key={index}
              className={sayAt(block) === 'before' ? 'lane-say z' : 'lane-say'}
              style={{
                left: `${(sayAt(block) === 'before' ? block.x : block.x + block.width) / 10}%`,
                top: block.lane * LANE_PX,
              }}
            >
              {block.said}
            </span>
          ),
        )}
        {marks.map((mark) => (
          <div key={mark.t} className="mark" style={{ left: `${place(mark.t)}%` }}>
            <span className={`mk ${place(mark.t) > 60 ? 'z' : 'a'}`}>{mark.word}</span>
          </div>
        ))}
        <TimeTicks ticks={xTicks} />
      </div>
      <ol className="sr">
        {segments.map((segment, index) => (
          <li key={index}>{sayAll(segment)}</li>
        ))}
      </ol>
    </figure>
  )
}

/** On the side that has room; a block as wide as the field says no more than the axis does. */
function sayAt({ x, width }: { x: number; width: number }): 'before' | 'after' | null {
  if (x + width <= 880) return 'after'
  return x >= 120 ? 'before' : null
}

function laneTone(segments: readonly SessionSegment[], state: SessionState): string {
  return segments.find((segment) => segment.state === state && segment.tone !== undefined)?.tone ?? ''
}
