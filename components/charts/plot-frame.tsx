import type { CSSProperties, ReactNode } from 'react'
import { shortLabel, type TimeTick, type ValueFormat, type ValueTick } from '#components/charts/ticks.ts'
import type {
  Gap,
  PlacedMark,
  PlacedStretch,
  PreparedChart,
  PreparedThreshold,
} from '#components/charts/prepare.ts'
import { TimeTicks } from '#components/charts/time-ticks.tsx'

/** Everything of a plot but its subject: axes, bands, limits, gaps and marks. Text is HTML over the SVG. */
export type PlotFrameProps = {
  /** px of the plot area. */
  height: number
  format: ValueFormat
  yTicks: readonly ValueTick[]
  xTicks: readonly TimeTick[]
  thresholds?: readonly PreparedThreshold[]
  gaps?: readonly Gap[]
  marks?: readonly PlacedMark[]
  stretches?: readonly PlacedStretch[]
  peak?: PreparedChart['peak']
  end?: PreparedChart['end']
  /** Letters for the marks instead of words, where the plot is narrow. */
  markLetters?: boolean
  /** False where another plot above has the words of the same marks. */
  markWords?: boolean
  /** px kept free at the left for the value axis. */
  axisWidth?: number
  children?: ReactNode
}

const MARK_ROW_PX = 14
const TOP_PX = 4
const LETTER_PX = 7

export function PlotFrame(props: PlotFrameProps) {
  const {
    height,
    format,
    yTicks,
    xTicks,
    thresholds = [],
    gaps = [],
    marks = [],
    stretches = [],
    peak,
    end,
    children,
  } = props
  const axis = props.axisWidth ?? Math.max(20, ...yTicks.map((tick) => tick.label.length * LETTER_PX))
  const style = {
    '--h': `${height}px`,
    '--l': `${axis}px`,
    '--mk': `${marks.length > 0 && props.markWords !== false ? MARK_ROW_PX : TOP_PX}px`,
  } as CSSProperties
  return (
    <div className="plot" style={style}>
      <div className="pa">
        <Ground height={height} yTicks={yTicks} thresholds={thresholds} />
        <div aria-hidden="true">
          {stretches.map(({ leftPct, widthPct }) => (
            <div key={leftPct} className="stretch" style={{ left: pct(leftPct), width: pct(widthPct) }} />
          ))}
          {gaps.map((gap) => (
            <div
              key={gap.leftPct}
              className="gap"
              style={{ left: pct(gap.leftPct), width: pct(gap.widthPct) }}
            >
              {gap.word === null ? null : <span>{gap.word}</span>}
            </div>
          ))}
          {yTicks.map((tick) => (
            <span key={tick.value} className="yl" style={{ top: pct(tick.topPct) }}>
              {tick.label}
            </span>
          ))}
          <TimeTicks ticks={xTicks} />
          {withRoom(thresholds).map((threshold) => (
            <ThresholdWord key={threshold.word} threshold={threshold} />
          ))}
          {marks.map((mark) => (
            <div
              key={`${mark.t} ${mark.word}`}
              className="mark"
              style={{ left: pct(mark.leftPct) }}
              title={mark.word}
            >
              {props.markWords === false ? null : (
                <span className={`mk ${mark.align}`}>
                  {props.markLetters === true ? mark.letter : mark.word}
                </span>
              )}
            </div>
          ))}
        </div>
        {children}
        <div aria-hidden="true">
          {peak == null ? null : (
            <span className={`note ${peak.align}`} style={{ left: pct(peak.leftPct), top: 0 }}>
              {shortLabel(peak.value, format)}
            </span>
          )}
          {end == null ? null : (
            <i className="dot" style={{ left: pct(end.leftPct), top: pct(end.topPct) }} />
          )}
        </div>
      </div>
    </div>
  )
}

function Ground({
  height,
  yTicks,
  thresholds,
}: {
  height: number
  yTicks: readonly ValueTick[]
  thresholds: readonly PreparedThreshold[]
}) {
  const onScale = thresholds.filter((threshold) => threshold.onScale).toSorted((a, b) => a.value - b.value)
  const y = (topPct: number): number => (topPct / 100) * height
  return (
    <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {onScale.map((threshold, index) => {
        const next = onScale[index + 1]
        const top = next === undefined ? 0 : y(next.topPct)
        return (
          <rect
            key={threshold.word}
            className={`b-${threshold.tone}`}
            width="1000"
            y={top}
            height={y(threshold.topPct) - top}
          />
        )
      })}
      {yTicks
        .filter((tick) => tick.value !== 0)
        .map((tick) => (
          <path key={tick.value} className="grid" d={`M0 ${y(tick.topPct)}H1000`} />
        ))}
      <path className="base" d={`M0 ${height}H1000`} />
      {onScale.map((threshold) => (
        <path key={threshold.word} className={`t-${threshold.tone}`} d={`M0 ${y(threshold.topPct)}H1000`} />
      ))}
    </svg>
  )
}

/** Near the top edge, and for a limit beyond it, the word hangs below the edge. */
const WORD_ROOM_PCT = 14

/** Of words that would lie on each other the graver one stays; both lines are drawn. */
function withRoom(thresholds: readonly PreparedThreshold[]): readonly PreparedThreshold[] {
  return thresholds.filter(
    (one) =>
      !thresholds.some((other) => other.value > one.value && one.topPct - other.topPct < WORD_ROOM_PCT),
  )
}

function ThresholdWord({ threshold }: { threshold: PreparedThreshold }) {
  const hang = threshold.topPct < WORD_ROOM_PCT
  return (
    <span
      className={`tl ${threshold.tone}`}
      style={{ top: pct(threshold.topPct), ...(hang ? { transform: 'none' } : {}) }}
    >
      {threshold.onScale ? threshold.word : `${threshold.word} ↑`}
    </span>
  )
}

function pct(value: number): string {
  return `${value}%`
}
