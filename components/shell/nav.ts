import type { IconName } from '#components/ui/icon.tsx'
import type { StatusKind } from '#components/ui/status.tsx'

/** One page of the console. Only pages that exist are passed; nothing is shown greyed. */
export type NavItem = {
  key: string
  label: string
  href: string
  /** What it holds besides, where its own address is one of several: "/pillars". */
  under?: string
  icon: IconName
  /** Open things, or the size of what it lists: "1,412". */
  count?: string
  /** What the count is of, for readers, where the label doesn't say it: "unacknowledged". */
  counted?: string
  /** The shape before the count, when the count is a problem. */
  status?: StatusKind
}

export type NavGroup = { title: string; items: readonly NavItem[] }

/** The item a path belongs to: its own page and all below it. Pure. */
export function isCurrent(item: NavItem, path: string): boolean {
  const own = item.under ?? item.href
  return path === own || path.startsWith(`${own}/`)
}

/** A phone has room for five tabs; the last one is always "More", which also holds the way out. */
export const TABS_MAX = 5

/** The tabs of a phone: the first pages, and the rest behind "More". Pure. */
export function splitTabs(items: readonly NavItem[]): { tabs: readonly NavItem[]; more: readonly NavItem[] } {
  return { tabs: items.slice(0, TABS_MAX - 1), more: items.slice(TABS_MAX - 1) }
}
