import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'

/** One part of a page that has several, each an address of its own. */
export type PagePart = { readonly href: string; readonly label: string }

/** The way between the parts of a page; it keeps the fleet and the time range. */
export function PartTabs({
  label,
  parts,
  current,
  query,
}: {
  /** The page's name. */
  label: string
  parts: readonly PagePart[]
  /** The address of the part that is shown. */
  current: string
  /** The page's query. */
  query: string
}) {
  return (
    <nav className="choices tabs" aria-label={label}>
      {parts.map((part) => (
        <Link
          key={part.href}
          className="chip"
          href={carryShared(part.href, query)}
          aria-current={part.href === current ? 'page' : undefined}
        >
          {part.label}
        </Link>
      ))}
    </nav>
  )
}
