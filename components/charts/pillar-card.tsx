import type { ReactNode } from 'react'
import { PlotFrame } from '#components/charts/plot-frame.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { Status, StatusShape, type StatusKind } from '#components/ui/status.tsx'

/** One pillar. The five rows line up with the neighbours' (subgrid), whatever the length of the text. */
export type PillarCardProps = {
  caption: string
  /** The caption as a link to the pillar's own page. */
  name?: ReactNode
  status: { kind: StatusKind; word: string }
  /** `unsure` greys a figure that is no verdict: too few calls, not known. */
  figure: { value: string; unit?: string; unsure?: boolean }
  /** What the figure says, read on from it: "upload lag p95, target under 5 min". */
  sentence: string
  /** Denominator and age first, then the comparison. One line each. */
  evidence: readonly ReactNode[]
  chart: ReactNode
  /** What the figure leaves out. */
  note?: { kind: StatusKind; text: ReactNode }
  /** The figure is older than it should be: grey and dotted, never blank. */
  stale?: boolean
}

export function PillarCard({
  caption,
  name = caption,
  status,
  figure,
  sentence,
  evidence,
  chart,
  note,
  stale = false,
}: PillarCardProps) {
  return (
    <article className={stale ? 'pillar stale' : 'pillar'} aria-label={caption}>
      <div className="cap">
        <span>{name}</span>
        <Status kind={status.kind}>{status.word}</Status>
      </div>
      <h2>
        <span className={figure.unsure === true ? 'fig unsure' : 'fig'}>
          {figure.value}
          {figure.unit === undefined ? null : <small>{figure.unit}</small>}
        </span>{' '}
        {sentence}
      </h2>
      <p className="sub">
        {evidence.map((line, index) => (
          <span key={index}>{line}</span>
        ))}
      </p>
      {chart}
      <p className="also">
        {note === undefined ? null : (
          <>
            <StatusShape kind={note.kind} />
            <span>{note.text}</span>
          </>
        )}
      </p>
    </article>
  )
}

/** The row of cards. */
export function Pillars({ children }: { children: ReactNode }) {
  return (
    <section className="pillars" aria-label="Four pillars">
      {children}
    </section>
  )
}

/** As the charts of the cards. */
const PLOT_PX = 76
const ZERO = [{ value: 0, label: '0', topPct: 100 }]

/** A card before its data: frame and axis stand where they will be. */
export function PillarSkeleton({ caption }: { caption: string }) {
  return (
    <article className="pillar" aria-label={`${caption}, loading`} aria-busy="true">
      <div className="cap">
        <span>{caption}</span>
        <Status kind="unk">Loading</Status>
      </div>
      <div>
        <span className="fig">
          <Skeleton width={104} height={20} />
        </span>
        <Skeleton width={200} />
      </div>
      <p className="sub">
        <Skeleton width={220} height={10} />
        <br />
        <Skeleton width={150} height={10} />
      </p>
      <PlotFrame height={PLOT_PX} format="count" yTicks={ZERO} xTicks={[]} />
      <p className="also" />
    </article>
  )
}
