'use client'
import { prepareStates, type StatesInput, type Stretch } from '#components/charts/prepare-states.ts'
import { TimeTicks } from '#components/charts/time-ticks.tsx'
import { formatClock, formatDuration, plural } from '#components/ui/format.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'
import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'

export type StateLanesProps = Omit<StatesInput, 'zone'> & { label: string }

const TONES: Readonly<Record<BreakerKind, string>> = {
  closed: 'closed',
  open: 'open',
  half_open: 'trial',
  forced_open: 'held',
  forced_closed: 'held',
  metrics_only: 'held',
}
/** A state's name needs so much of the width, its length so much more. */
const NAME_PCT_MIN = 9
const LENGTH_PCT_MIN = 18

/** The states that a breaker went through, one line for each process; on a trial it is a stroke. */
export function StateLanes({ label, ...input }: StateLanesProps) {
  const zone = useViewerZone()
  const { lanes, leftOut, xTicks } = prepareStates({ ...input, zone })
  return (
    <figure aria-label={label}>
      {lanes.map(({ name, stretches }) => (
        <div className="bst" key={name} aria-hidden="true">
          <span className="sub mono">{name}</span>
          <div>
            {stretches.map(({ state, leftPct, widthPct, fromMs, toMs }) => (
              <i
                key={fromMs}
                className={TONES[state]}
                style={{ left: `${leftPct}%`, width: `${widthPct}%` }}
                title={sayStretch({ state, fromMs, toMs }, zone)}
              >
                {widthPct < NAME_PCT_MIN ? null : state.toUpperCase()}
                {widthPct < LENGTH_PCT_MIN ? null : ` ${formatDuration(toMs - fromMs)}`}
              </i>
            ))}
          </div>
        </div>
      ))}
      <div className="bst axis" aria-hidden="true">
        <span />
        <div>
          <TimeTicks ticks={xTicks} />
        </div>
      </div>
      {/* a short stretch has no room for its name */}
      <ol className="sr">
        {lanes.map(({ name, stretches }) => (
          <li key={name}>{`${name}: ${stretches.map((stretch) => sayStretch(stretch, zone)).join('; ')}`}</li>
        ))}
      </ol>
      {leftOut === 0 ? null : (
        <figcaption className="sub">{plural(leftOut, 'more process', 'more processes')}</figcaption>
      )}
    </figure>
  )
}

const sayStretch = (
  { state, fromMs, toMs }: Pick<Stretch, 'state' | 'fromMs' | 'toMs'>,
  zone: string,
): string => `${state.toUpperCase()} ${formatClock(fromMs, zone)}, ${formatDuration(toMs - fromMs)}`
