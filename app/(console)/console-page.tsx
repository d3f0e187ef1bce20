import type { ReactNode } from 'react'
import { FleetPicker } from '#components/shell/fleet-picker.tsx'
import { LiveRefresh } from '#components/shell/live-refresh.tsx'
import { RangePicker } from '#components/shell/range-picker.tsx'
import { TopBar, type Crumb } from '#components/shell/top-bar.tsx'
import { Status } from '#components/ui/status.tsx'
import type { Visit } from './viewer.ts'

/** The bar and the body of one page. A first-level page (one crumb) carries the fleet on a phone. */
export function ConsolePage({
  at,
  crumbs,
  range = false,
  className = 'page',
  children,
}: {
  at: Visit
  crumbs: readonly Crumb[]
  /** Whether the page shows a time range. */
  range?: boolean
  className?: string
  children: ReactNode
}) {
  const fleets = at.fleets.map(({ id, name, devices }) => ({ slug: id, name, devices }))
  const stream = `/api/admin/v1/stream?fleet=${encodeURIComponent(at.fleet.id)}`
  return (
    <>
      <TopBar
        crumbs={crumbs}
        live={<LiveRefresh url={stream} asOfMs={at.nowMs} />}
        range={range ? <RangePicker span={at.span} /> : null}
        fleet={crumbs.length === 1 ? <FleetPicker fleets={fleets} current={at.fleet.id} form="bar" /> : null}
      />
      <main id="main" className={className}>
        {at.misread.length === 0 ? null : (
          <p className="misread" role="status">
            <Status kind="warn">Not understood in the address</Status> {at.misread.join('; ')}. The page is as
            without it.
          </p>
        )}
        {children}
      </main>
    </>
  )
}
