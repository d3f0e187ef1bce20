import type { ReactNode } from 'react'
import { Account, PhoneTabs, type SignOut } from '#components/shell/account.tsx'
import { Keyboard, type GoPage } from '#components/shell/keyboard.tsx'
import type { NavGroup, NavItem } from '#components/shell/nav.ts'
import { NavLink } from '#components/shell/nav-link.tsx'
import type { Theme } from '#components/shell/theme.ts'
import type { User } from '#components/shell/user-menu.tsx'
import { ToastRegion } from '#components/ui/toast.tsx'

export type ShellProps = {
  /** Only what exists. */
  groups: readonly NavGroup[]
  /** Below the groups, at the foot of the rail. */
  foot?: readonly NavItem[]
  keys: readonly GoPage[]
  /** Null while it is not known. */
  user: User | null
  theme: Theme
  signOut: SignOut
  fleetPicker: ReactNode
  /** The command menu. */
  commands: ReactNode
  /** A TopBar and a <main id="main">. */
  children: ReactNode
}

/** The frame of every page: the rail, the page, and on a phone the tab bar instead of the rail. */
export function Shell(props: ShellProps) {
  const { groups, foot = [], keys, user, theme, signOut, fleetPicker, commands, children } = props
  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="app">
        <nav className="rail" aria-label="Main">
          {fleetPicker}
          {groups.map((group) => (
            <div key={group.title}>
              <h2 id={`nav-${group.title}`}>{group.title}</h2>
              <NavList items={group.items} labelledBy={`nav-${group.title}`} />
            </div>
          ))}
          <div className="foot">
            {foot.length === 0 ? null : <NavList items={foot} />}
            {user === null ? null : <Account user={user} theme={theme} out={signOut} />}
          </div>
        </nav>
        <div>{children}</div>
      </div>
      <PhoneTabs items={[...groups.flatMap((group) => group.items), ...foot]} out={signOut} />
      <ToastRegion />
      <Keyboard pages={keys} />
      {commands}
    </>
  )
}

function NavList({ items, labelledBy }: { items: readonly NavItem[]; labelledBy?: string }) {
  return (
    <ul aria-labelledby={labelledBy}>
      {items.map((item) => (
        <li key={item.key}>
          <NavLink item={item} />
        </li>
      ))}
    </ul>
  )
}
