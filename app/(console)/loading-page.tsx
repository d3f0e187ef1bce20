import type { ReactNode } from 'react'
import { TopBar } from '#components/shell/top-bar.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'

/** A page before its data: its bar, its sentence, and what will be there, each in its place. */
export function LoadingPage({
  name,
  evidencePx,
  children,
}: {
  name: string
  /** How wide the line under the sentence usually is. */
  evidencePx: number
  children: ReactNode
}) {
  return (
    <>
      <TopBar crumbs={[{ label: name }]} />
      <main id="main" className="page" aria-busy="true">
        <div className="verdict">
          <div>
            <Skeleton width={420} height={20} />
            <Skeleton width={evidencePx} />
          </div>
        </div>
        {children}
      </main>
    </>
  )
}
