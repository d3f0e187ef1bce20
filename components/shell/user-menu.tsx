'use client'
import { THEME_WORDS, THEMES, type Theme } from '#components/shell/theme.ts'
import { chooseTheme, useTheme } from '#components/shell/use-theme.ts'
import { Menu } from '#components/ui/menu.tsx'

export type User = { name: string; role: string }

/** Who is signed in, the theme, and the way out. */
export function UserMenu({
  user,
  theme: initial,
  onSignOut,
}: {
  user: User
  theme: Theme
  onSignOut: () => void
}) {
  const theme = useTheme(initial)
  const themes = THEMES.map((option) => ({
    key: option,
    label: THEME_WORDS[option],
    checked: option === theme,
    onSelect: () => chooseTheme(option),
  }))
  return (
    <Menu
      label="Your menu"
      align="start"
      trigger={
        <button type="button" className="who">
          <span className="av" aria-hidden="true">
            {initials(user.name)}
          </span>
          <span>
            {user.name}
            <span className="sr">, {user.role}: your menu</span>
          </span>
        </button>
      }
      groups={[
        { key: 'theme', title: 'Theme', items: themes },
        {
          key: 'out',
          title: `${user.name}, ${user.role}`,
          items: [
            { key: 'account', label: 'Your account', href: '/settings/account' },
            { key: 'docs', label: 'API reference', href: '/docs' },
            { key: 'out', label: 'Sign out', onSelect: onSignOut },
          ],
        },
      ]}
    />
  )
}

function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter((word) => word !== '')
  return words
    .slice(0, 2)
    .map((word) => word[0] ?? '')
    .join('')
}
