import { Fragment, type ReactNode } from 'react'
import { formatCount, formatPercent, plural } from '#components/ui/format.ts'
import { Time } from '#components/ui/time.tsx'
import {
  calmWords,
  causeEvidence,
  dailyWords,
  frictionSentence,
  othersWords,
  worstFriction,
  type Friction,
} from './friction-words.ts'
import type { PillarView } from './pillar-view.ts'

type View = Pick<PillarView, 'sentence' | 'evidence' | 'level'>

/**
 * The verdict of the page: where a collection indicates friction it is that, with its cause; else what is known of friction
 * stands behind the figures.
 * @param isPart whether the figures are of one collection
 */
export function frictionVerdict(
  { sentence, evidence, level }: View,
  friction: Friction,
  { isPart, nowMs }: { isPart: boolean; nowMs: number },
): Omit<View, 'evidence'> & { evidence: ReactNode } {
  if (friction.collections.length === 0) return { sentence, evidence, level }
  const worst = worstFriction(friction)
  if (worst === null) return { sentence, evidence: `${evidence}; ${calmWords(friction)}`, level }
  const { part, whole } = worst.changes
  const { cause } = worst
  // Figures of the only collection are said once.
  const isSame = isPart || friction.collections.length === 1
  const parts: ReactNode[] = [
    isSame ? evidence : `${formatCount(part)} of ${plural(whole, 'change')} to ${worst.collection}`,
    ...(cause === null ? [] : causeEvidence(cause)),
    ...(cause?.time ? [<CauseTime key="time" time={cause.time} nowMs={nowMs} />] : []),
    ...othersWords(friction),
    ...(isSame ? [] : [`all collections together: ${evidence}`]),
  ]
  return {
    sentence: frictionSentence(worst),
    level: 'crit',
    evidence: parts.map((one, at) => (
      <Fragment key={at}>
        {at === 0 ? '' : '; '}
        {one}
      </Fragment>
    )),
  }
}

type CauseOf = NonNullable<Friction['collections'][number]['cause']>

function CauseTime({ time, nowMs }: { time: NonNullable<CauseOf['time']>; nowMs: number }) {
  if (time.kind === 'daily') return `${formatPercent(time.share)} of them from ${dailyWords(time)} each day`
  return (
    <>
      {formatPercent(time.share)} of them between <Time at={time.fromMs} now={nowMs} show="clock" /> and{' '}
      <Time at={time.toMs} now={nowMs} show="clock" />
    </>
  )
}
