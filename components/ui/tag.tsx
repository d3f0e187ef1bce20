import type { ReactNode } from 'react'
import { StatusShape, type StatusKind } from '#components/ui/status.tsx'

/** A status on a soft ground, for the head of an item; `plain` for a property that is no status. */
export function Tag({ kind, children }: { kind: StatusKind | 'plain'; children: ReactNode }) {
  return (
    <span className={`tag ${kind}`}>
      {kind === 'plain' ? null : <StatusShape kind={kind} />}
      {children}
    </span>
  )
}
