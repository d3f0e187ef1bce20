'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { isCurrent, type NavItem } from '#components/shell/nav.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { StatusShape } from '#components/ui/status.tsx'

/** A link of the rail, the tab bar or the sheet; it keeps the fleet and the time range. */
export function NavLink({ item, onFollow }: { item: NavItem; onFollow?: () => void }) {
  const path = usePathname()
  const params = useSearchParams()
  return (
    <Link
      href={carryShared(item.href, params.toString())}
      aria-current={isCurrent(item, path) ? 'page' : undefined}
      {...(onFollow && { onClick: onFollow })}
    >
      <Icon name={item.icon} />
      {item.label}
      {item.count === undefined ? null : (
        <span className="n">
          {item.status === undefined ? null : <StatusShape kind={item.status} />}
          {item.count}
          {item.counted === undefined ? null : <span className="sr"> {item.counted}</span>}
        </span>
      )}
    </Link>
  )
}
