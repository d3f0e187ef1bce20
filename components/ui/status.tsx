import type { ReactNode } from 'react'

/**
 * Status is shape, word and colour together: disc, triangle, diamond, two bars (a person or a breaker
 * holds it), broken ring (not known). `unk` is also what a state says that is none of the others.
 */
export type StatusKind = 'ok' | 'warn' | 'crit' | 'held' | 'unk'

const SHAPES: Record<StatusKind, ReactNode> = {
  ok: <circle cx="5" cy="5" r="4.5" />,
  warn: <path d="M5 .6 9.8 9.4H.2z" />,
  crit: <path d="M5 0 10 5 5 10 0 5z" />,
  held: <path d="M1 .5h3v9H1zM6 .5h3v9H6z" />,
  unk: (
    <circle
      cx="5"
      cy="5"
      r="4"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeDasharray="2.1 2.1"
    />
  ),
}

/** The shape alone: only where the word stands beside it. */
export function StatusShape({ kind }: { kind: StatusKind }) {
  return (
    <svg className={`sg ${kind}`} viewBox="0 0 10 10" aria-hidden="true">
      {SHAPES[kind]}
    </svg>
  )
}

export function Status({ kind, children }: { kind: StatusKind; children: ReactNode }) {
  return (
    <span className={`st ${kind}`}>
      <StatusShape kind={kind} />
      {children}
    </span>
  )
}
