'use client'
import { Dialog } from 'radix-ui'
import { useState } from 'react'
import { splitTabs, type NavItem } from '#components/shell/nav.ts'
import { NavLink } from '#components/shell/nav-link.tsx'
import { Icon } from '#components/ui/icon.tsx'

/** A phone's navigation: at most five tabs, the rest and the viewer's own things in a sheet. */
export function TabBar({
  items,
  acts,
}: {
  items: readonly NavItem[]
  /** Entries of the sheet that are no pages: sign out. */
  acts: readonly { key: string; label: string; run: () => void }[]
}) {
  const [open, setOpen] = useState(false)
  const { tabs, more } = splitTabs(items)
  const bare = (item: NavItem): NavItem => ({
    key: item.key,
    label: item.label,
    href: item.href,
    icon: item.icon,
  })
  return (
    <nav className="tabbar" aria-label="Main">
      {tabs.map((item) => (
        <NavLink key={item.key} item={bare(item)} />
      ))}
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Trigger type="button">
          <Icon name="more" />
          More
        </Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Overlay className="scrim" />
          <Dialog.Content className="pop sheet" aria-describedby={undefined}>
            <Dialog.Title>More</Dialog.Title>
            <ul>
              {more.map((item) => (
                <li key={item.key}>
                  <NavLink item={item} onFollow={() => setOpen(false)} />
                </li>
              ))}
              {acts.map((act) => (
                <li key={act.key}>
                  <button
                    type="button"
                    onClick={() => {
                      setOpen(false)
                      act.run()
                    }}
                  >
                    {act.label}
                  </button>
                </li>
              ))}
            </ul>
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
    </nav>
  )
}
