import type { TimeTick } from '#components/charts/ticks.ts'

/** The words of a time axis, each where its time is. */
export const TimeTicks = ({ ticks }: { ticks: readonly TimeTick[] }) =>
  ticks.map((tick) => (
    <span
      key={tick.t}
      className={`xl ${tick.align}${tick.thin ? ' thin' : ''}`}
      style={{ left: `${tick.leftPct}%` }}
    >
      {tick.label}
    </span>
  ))
