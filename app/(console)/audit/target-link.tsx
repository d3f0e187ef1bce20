import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import type { AuditRow } from './audit-row.ts'

/** What it was done to, or what was asked for where that was refused. */
export function TargetLink({
  row,
  query,
}: {
  row: Pick<AuditRow, 'target' | 'tried' | 'fleetId'>
  /** The page's own. */
  query: string
}) {
  const { target, tried, fleetId } = row
  if (tried !== null) return <span className="mono wrap">{tried}</span>
  if (target.path === null)
    return (
      <span className="mono wrap" title={target.id}>
        {target.text}
      </span>
    )
  const params = new URLSearchParams(query)
  if (fleetId !== null) params.set('fleet', fleetId)
  return (
    <Link href={carryShared(target.path, params)} title={target.id}>
      {target.text}
    </Link>
  )
}
