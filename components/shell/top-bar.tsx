import type { ReactNode } from 'react'
import { CommandButton } from '#components/shell/commands.tsx'
import { Link } from '#components/ui/link.tsx'

export type Crumb = { label: string; href?: string; mono?: boolean }

export type TopBarProps = {
  /** Where this page is; the last one is the page itself. */
  crumbs: readonly Crumb[]
  /** A LiveRefresh. */
  live?: ReactNode
  /** A RangePicker. */
  range?: ReactNode
  /** A FleetPicker in its `bar` form: on a phone it stands where a first-level page has its name. */
  fleet?: ReactNode
}

export function TopBar({ crumbs, live, range, fleet }: TopBarProps) {
  return (
    <header className="top">
      {fleet}
      <nav className={crumbs.length > 1 ? 'crumb' : 'crumb root'} aria-label="Breadcrumb">
        <ol>
          {crumbs.map((crumb, index) => {
            const last = index === crumbs.length - 1
            return (
              <li
                key={crumb.label}
                aria-current={last ? 'page' : undefined}
                className={crumb.mono ? 'mono' : undefined}
              >
                {index === 0 ? null : (
                  <span className="sep" aria-hidden="true">
                    /
                  </span>
                )}
                {crumb.href === undefined ? crumb.label : <Link href={crumb.href}>{crumb.label}</Link>}
              </li>
            )
          })}
        </ol>
      </nav>
      <span className="grow" />
      {live}
      {range}
      <CommandButton />
    </header>
  )
}
