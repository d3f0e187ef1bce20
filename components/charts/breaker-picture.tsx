import { Status, type StatusKind } from '#components/ui/status.tsx'
import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'
import { isForced } from '#lib/engine/breaker/breaker.ts'

export type BreakerPictureProps = {
  state: BreakerKind
  /** Beside the state that it is in: "now, 2 h 26 min". */
  now: string
  /** What makes it go from one to the other: "≥ 5 % of ≥ 20 calls". */
  says: { trips: string; waits: string; heals: string; probes: string }
}

const kindOf = (state: BreakerKind): StatusKind =>
  isForced(state) ? 'held' : state === 'closed' ? 'ok' : state === 'open' ? 'crit' : 'warn'

/** A breaker's states and what leads from one to the other; on a phone a list. */
export function BreakerPicture({ state, now, says }: BreakerPictureProps) {
  const held = isForced(state) ? state : null
  return (
    <>
      <svg
        className="sm breaker"
        viewBox="0 0 352 150"
        role="img"
        aria-label={`Breaker states: ${state.toUpperCase()} ${now}`}
      >
        <path className="e" d="M100 24H232" />
        <path className="ah" d="M236 24l-6-3v6z" />
        <text className="rate" x="168" y="18" textAnchor="middle">
          {says.trips}
        </text>
        <path className="e" d="M286 44V104" />
        <path className="ah" d="M286 108l-3-6h6z" />
        <text className="rate" x="280" y="74" textAnchor="end">
          {says.waits}
        </text>
        <path className="e" d="M306 108V50" />
        <path className="ah" d="M306 45l-3 6h6z" />
        <text className="rate" x="312" y="74">
          1 bad
        </text>
        <path className="e" d="M236 118H70Q50 118 50 98V50" />
        <path className="ah" d="M50 45l-3 6h6z" />
        <text className="rate" x="58" y="74">
          {says.heals}
        </text>
        <Node place={NODES.closed} name="closed" below="counts calls" state={state} now={now} />
        <Node place={NODES.open} name="open" below="rejects" state={state} now={now} />
        <Node place={NODES.half_open} name="half_open" below={says.probes} state={state} now={now} />
        {held === null ? null : (
          <>
            <path className="e held" d="M222 138H232" />
            <path className="ah held" d="M236 138l-6-3v6z" />
            <Node place={NODES.held} name={held} below="a person holds it" state={state} now={now} />
          </>
        )}
      </svg>
      <ul className="rows sm-list">
        {(['closed', 'open', 'half_open', ...(held === null ? [] : [held])] as const).map((one) => (
          <li key={one}>
            {one === state ? (
              <Status kind={kindOf(one)}>
                <b>{one.toUpperCase()}</b> {now}
              </Status>
            ) : (
              <span className="den">{one.toUpperCase()}</span>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

const NODES = {
  closed: { x: 0, y: 4, width: 100 },
  open: { x: 236, y: 4, width: 100 },
  half_open: { x: 236, y: 108, width: 100 },
  held: { x: 96, y: 108, width: 126 },
} as const

type NodeProps = {
  place: { readonly x: number; readonly y: number; readonly width: number }
  name: BreakerKind
  below: string
  state: BreakerKind
  now: string
}

function Node({ place: { x, y, width }, name, below, state, now }: NodeProps) {
  const isNow = name === state
  const kind = kindOf(name)
  const tone = isNow ? ` now ${kind}` : ''
  return (
    <g>
      <rect className={`node${tone}`} x={x} y={y} width={width} height="40" rx="6" />
      <text className={isNow ? kind : undefined} x={x + width / 2} y={y + 17} textAnchor="middle">
        {name.toUpperCase()}
      </text>
      <text className={isNow ? `p ${kind}` : 'p'} x={x + width / 2} y={y + 32} textAnchor="middle">
        {isNow ? now : below}
      </text>
    </g>
  )
}
