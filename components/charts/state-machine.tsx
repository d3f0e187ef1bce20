import { StateEdges, type StateRates } from '#components/charts/state-edges.tsx'
import { STATE_ORDER, STATE_WORDS } from '#components/charts/session-states.ts'
import { formatCount } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Status } from '#components/ui/status.tsx'
import type { SessionState } from '#lib/engine/session-machine.ts'

export type StateMachineProps = {
  /** Devices in each state, by their last report. */
  counts: Readonly<Record<SessionState, number>>
  /** All devices of the fleet that have reported. */
  total: number
  /** Transitions per minute; an arrow without a rate has no number. */
  rates?: StateRates
  /** Where a state leads: the devices in it. */
  hrefs?: Partial<Record<SessionState, string>>
}

/** Places in the picture of 784 × 232; boxes are 104 × 44. */
const PLACES: Record<SessionState, { x: number; y: number }> = {
  idle: { x: 0, y: 44 },
  scanning: { x: 136, y: 44 },
  pushing: { x: 272, y: 44 },
  pulling: { x: 408, y: 44 },
  resolving: { x: 544, y: 44 },
  committing: { x: 680, y: 44 },
  offline: { x: 0, y: 128 },
  shed: { x: 204, y: 128 },
  backoff: { x: 204, y: 186 },
  resyncing: { x: 544, y: 128 },
  halted: { x: 680, y: 186 },
}
/** States that a device only passes through: their share says little. */
const PASSING: ReadonlySet<SessionState> = new Set([
  'scanning',
  'pushing',
  'pulling',
  'resolving',
  'committing',
])

/** Devices by state on the picture of the session state machine; a list on a phone. */
export function StateMachine({ counts, total, rates = {}, hrefs = {} }: StateMachineProps) {
  return (
    <>
      <svg
        className="sm"
        viewBox="0 0 784 234"
        role="group"
        aria-label="Session state machine with devices per state"
      >
        <StateEdges rates={rates} shedNow={counts.shed > 0} />
        {STATE_ORDER.map((state) => (
          <StateNode key={state} state={state} count={counts[state]} total={total} href={hrefs[state]} />
        ))}
      </svg>
      <StateList counts={counts} total={total} hrefs={hrefs} />
    </>
  )
}

type NodeProps = { state: SessionState; count: number; total: number; href: string | undefined }

function StateNode({ state, count, total, href }: NodeProps) {
  const { x, y } = PLACES[state]
  const held = state === 'shed' && count > 0
  const tone = held ? 'held' : state === 'offline' ? 'quiet' : state === 'halted' ? 'halt' : ''
  const box = (
    <g transform={`translate(${x} ${y})`}>
      <rect className={`node ${tone}`} width="104" height="44" rx="6" />
      <text x="10" y="18" className={held ? 'held' : undefined}>
        {state}
      </text>{' '}
      <text x="10" y="36" className="c">
        {formatCount(count)}
      </text>{' '}
      {PASSING.has(state) || count === 0 ? null : (
        <text x="94" y="36" textAnchor="end" className="p">
          {share(count, total)}
        </text>
      )}
      {held ? <path transform="translate(84 9)" fill="var(--held)" d="M1 .5h3v9H1zM6 .5h3v9H6z" /> : null}
      {state === 'halted' && count > 0 ? (
        <path transform="translate(84 9)" fill="var(--warn)" d="M5 .6 9.8 9.4H.2z" />
      ) : null}
    </g>
  )
  const said = `${formatCount(count)} ${state}, ${share(count, total)}`
  return href === undefined ? (
    <g role="img" aria-label={said}>
      {box}
    </g>
  ) : (
    // Named by its words, which is what a person who speaks to the browser sees.
    <Link href={href}>{box}</Link>
  )
}

function StateList({
  counts,
  total,
  hrefs,
}: Required<Pick<StateMachineProps, 'counts' | 'total' | 'hrefs'>>) {
  return (
    <div className="sm-list">
      <table aria-label="Devices by session state">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Devices
            </th>
            <th scope="col" className="num">
              Share
            </th>
            <th scope="col" className="num">
              Meaning
            </th>
          </tr>
        </thead>
        <tbody>
          {STATE_ORDER.map((state) => (
            <tr key={state}>
              <td>
                <StateWord state={state} count={counts[state]} href={hrefs[state]} />
              </td>
              <td className="num">
                <b>{formatCount(counts[state])}</b>
              </td>
              <td className="num den">{share(counts[state], total)}</td>
              <td className="num den">{STATE_WORDS[state].says}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function StateWord({ state, count, href }: { state: SessionState; count: number; href: string | undefined }) {
  const { status } = STATE_WORDS[state]
  const word = status === null || count === 0 ? state : <Status kind={status}>{state}</Status>
  return href === undefined ? word : <Link href={href}>{word}</Link>
}

/** One digit is enough for a share; "0.0 %" would deny a device that is there. */
function share(count: number, total: number): string {
  if (total === 0) return '–'
  const percent = (count / total) * 100
  return count > 0 && percent < 0.05 ? '<0.1 %' : `${percent.toFixed(1)} %`
}
