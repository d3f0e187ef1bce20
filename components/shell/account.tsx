'use client'
import { openCommands } from '#components/shell/commands.tsx'
import { HelpButton } from '#components/shell/keyboard.tsx'
import type { NavItem } from '#components/shell/nav.ts'
import { TabBar } from '#components/shell/tab-bar.tsx'
import type { Theme } from '#components/shell/theme.ts'
import { UserMenu, type User } from '#components/shell/user-menu.tsx'
import { showToast } from '#components/ui/toast.tsx'

/** Where signing out is posted, and where it leads. */
export type SignOut = { postTo: string; thenTo: string }

async function signOut({ postTo, thenTo }: SignOut): Promise<void> {
  try {
    // A form, which leads back to thenTo: the answer is followed, and its page is not looked at.
    const answer = await fetch(postTo, { method: 'POST', body: new URLSearchParams({ callbackUrl: thenTo }) })
    if (answer.ok) return window.location.assign(thenTo)
    showToast({ kind: 'crit', text: `You are still signed in: the server answered ${answer.status}` })
  } catch {
    showToast({ kind: 'crit', text: 'You are still signed in: the server did not answer' })
  }
}

/** The foot of the rail. */
export function Account({ user, theme, out }: { user: User; theme: Theme; out: SignOut }) {
  return (
    <div className="me">
      <UserMenu user={user} theme={theme} onSignOut={() => void signOut(out)} />
      <HelpButton />
    </div>
  )
}

/** A phone has no rail: its tab bar carries the command menu and the way out. */
export function PhoneTabs({ items, out }: { items: readonly NavItem[]; out: SignOut }) {
  const acts = [
    { key: 'commands', label: 'Search or run a command', run: openCommands },
    { key: 'out', label: 'Sign out', run: () => void signOut(out) },
  ]
  return <TabBar items={items} acts={acts} />
}
