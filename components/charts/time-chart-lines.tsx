'use client'
import {
  Line,
  LineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
  type TooltipContentProps,
} from 'recharts'
import type { PreparedChart, Row } from '#components/charts/prepare.ts'
import { valueLabel, type ValueFormat } from '#components/charts/ticks.ts'
import { formatClock, formatDay, formatRound } from '#components/ui/format.ts'

/** Charts of one page share their crosshair. */
const SHARED_CROSSHAIR = 'page'

type Names = { subject: string; past?: string }
export type TimeChartLinesProps = {
  chart: PreparedChart
  format: ValueFormat
  bucketMs: number
  names: Names
  zone: string
}

/** The lines, the crosshair and the tooltip, drawn into a frame that already stands. */
export function TimeChartLines({ chart, format, bucketMs, names, zone }: TimeChartLinesProps) {
  return (
    <ResponsiveContainer width="100%" height="100%">
      <LineChart
        data={chart.rows}
        margin={{ top: 0, right: 0, bottom: 0, left: 0 }}
        syncId={SHARED_CROSSHAIR}
        syncMethod="value"
        aria-label={`${names.subject}: arrow keys move along the line`}
      >
        <XAxis dataKey="t" type="number" domain={[chart.fromMs, chart.toMs]} hide />
        <YAxis domain={[0, chart.yMax]} allowDataOverflow hide />
        <Tooltip
          isAnimationActive={false}
          // Over a gap it says that there is no data, as the other charts go on telling what they have.
          filterNull={false}
          cursor={{ stroke: 'var(--accent)', strokeWidth: 1 }}
          allowEscapeViewBox={{ x: false, y: true }}
          position={{ y: TIP_BELOW_PX }}
          wrapperStyle={{ zIndex: 4, top: '100%' }}
          content={(tip) => <Tip tip={tip} format={format} bucketMs={bucketMs} names={names} zone={zone} />}
        />
        {names.past === undefined ? null : (
          <Line
            dataKey="past"
            stroke="var(--c-past)"
            strokeWidth={1}
            dot={false}
            activeDot={false}
            isAnimationActive={false}
          />
        )}
        <Line
          dataKey="subject"
          stroke="var(--c-subject)"
          strokeWidth={1.5}
          strokeLinejoin="round"
          dot={LoneDot}
          activeDot={{ r: 3, fill: 'var(--c-subject)', stroke: 'var(--ground)', strokeWidth: 1.5 }}
          isAnimationActive={false}
        />
      </LineChart>
    </ResponsiveContainer>
  )
}

/** Below the time axis, so that it never covers the point it explains. */
const TIP_BELOW_PX = 22

/** A single value between two gaps has no line; a dot keeps it in the picture. */
function LoneDot({ cx, cy, payload }: { cx?: number; cy?: number; payload?: Row }) {
  if (payload?.alone !== true || cx === undefined || cy === undefined) return null
  return <circle cx={cx} cy={cy} r={1.5} fill="var(--c-subject)" />
}

function Tip({
  tip,
  format,
  bucketMs,
  names,
  zone,
}: Omit<TimeChartLinesProps, 'chart'> & { tip: TooltipContentProps }) {
  const row = tip.payload[0]?.payload as Row | undefined
  if (!tip.active || row === undefined) return null
  const when = `${formatDay(row.t, zone)}, ${formatClock(row.t, zone, false)}${zone === 'UTC' ? ' UTC' : ''}`
  return (
    <div className="pop tip">
      <span>{`${when} · ${formatRound(bucketMs)} bucket`}</span>
      <i />
      <span>{names.subject}</span>
      <b>{valueLabel(row.said, format)}</b>
      {names.past === undefined ? null : (
        <>
          <i className="past" />
          <span>{names.past}</span>
          <b>{valueLabel(row.saidPast, format)}</b>
        </>
      )}
    </div>
  )
}
