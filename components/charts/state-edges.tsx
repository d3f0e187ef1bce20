import { formatCount } from '#components/ui/format.ts'
import type { SessionState } from '#lib/engine/session-machine.ts'

/** Transitions per minute by edge: `{ 'idle>scanning': 361 }`. */
export type StateRates = Partial<Record<`${SessionState}>${SessionState}`, number>>

type Direction = 'l' | 'r' | 'u' | 'd'
const HEADS: Record<Direction, string> = { r: 'l-6-3v6z', l: 'l6-3v6z', u: 'l-3 6h6z', d: 'l-3-6h6z' }

/** Forward steps of a good session, with the middle of each arrow. */
const FORWARD: readonly { edge: keyof StateRates; from: number }[] = [
  { edge: 'idle>scanning', from: 104 },
  { edge: 'scanning>pushing', from: 240 },
  { edge: 'pushing>pulling', from: 376 },
  { edge: 'pulling>resolving', from: 512 },
  { edge: 'resolving>committing', from: 648 },
]

/** The arrows of the picture, drawn under its boxes. The path to shed is coloured while devices are shed. */
export function StateEdges({ rates, shedNow }: { rates: StateRates; shedNow: boolean }) {
  const held = shedNow ? ' held' : ''
  const finished = rates['committing>idle']
  return (
    <g aria-hidden="true">
      <path className="e" d="M732 44V28Q732 20 724 20H60Q52 20 52 28V42" />
      <Head x={52} y={42} to="d" />
      <text className="rate" x="392" y="14" textAnchor="middle">
        {finished === undefined ? 'sessions finish' : `${formatRate(finished)} sessions finish per minute`}
      </text>
      {FORWARD.map(({ edge, from }) => (
        <g key={edge}>
          <path className="e" d={`M${from} 66H${from + 28}`} />
          <Head x={from + 32} y={66} to="r" />
          <Rate x={from + 16} y={106} perMinute={rates[edge]} />
        </g>
      ))}

      <path className="e" d="M460 88V208H312M340 154V208M204 208H172V94" />
      <Head x={309} y={208} to="l" />
      <Head x={172} y={89} to="u" />
      <text className="rate" x="348" y="204">
        5xx, timeout
      </text>
      <Rate x={348} y={223} anchor="start" perMinute={sum(rates, 'backoff')} />

      <path className={`e${held}`} d="M340 88V150H312M204 150H188V94" />
      <Head x={309} y={150} to="l" tone={held} />
      <Head x={188} y={89} to="u" tone={held} />
      <text className={`rate${held}`} x="348" y="146">
        503, 429
      </text>
      <Rate x={348} y={161} anchor="start" tone={held} perMinute={sum(rates, 'shed')} />

      <path className="e" d="M496 88V150H540M648 150H732V94" />
      <Head x={544} y={150} to="r" />
      <Head x={732} y={89} to="u" />
      <text className="rate" x="504" y="144">
        410
      </text>
      <Rate x={656} y={144} anchor="start" perMinute={rates['resyncing>committing']} />

      <path className="e" d="M44 94V122M60 94V122" />
      <Head x={44} y={127} to="d" />
      <Head x={60} y={89} to="u" />
      <text className="rate" x="0" y="190">
        from any state
      </text>
      <text className="rate" x="672" y="204" textAnchor="end">
        revoked, version refused:
      </text>
      <text className="rate" x="672" y="219" textAnchor="end">
        needs a person
      </text>
    </g>
  )
}

function Head({ x, y, to, tone = '' }: { x: number; y: number; to: Direction; tone?: string }) {
  return <path className={`ah${tone}`} d={`M${x} ${y}${HEADS[to]}`} />
}

type RateProps = {
  x: number
  y: number
  perMinute: number | undefined
  anchor?: 'start' | 'middle'
  tone?: string
}

function Rate({ x, y, perMinute, anchor = 'middle', tone = '' }: RateProps) {
  if (perMinute === undefined) return null
  return (
    <text className={`rate${tone}`} x={x} y={y} textAnchor={anchor}>
      {`${formatRate(perMinute)}/min`}
    </text>
  )
}

/** One digit under ten: a rate of 0.4 is not 0. */
const formatRate = (perMinute: number): string =>
  perMinute < 9.95 ? String(Number(perMinute.toFixed(1))) : formatCount(perMinute)

/** All ways into a state; undefined when none is known. */
function sum(rates: StateRates, into: SessionState): number | undefined {
  const found = Object.entries(rates).filter(([edge]) => edge.endsWith(`>${into}`))
  return found.length === 0 ? undefined : found.reduce((all, [, rate]) => all + rate, 0)
}
