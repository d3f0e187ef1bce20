'use client'
import { useState } from 'react'
import { THEMES, themeAttribute, themeCookie, type Theme } from '#components/shell/theme.ts'
import { Menu } from '#components/ui/menu.tsx'

export type User = { name: string; role: string }

const THEME_WORDS: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' }

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
  const [theme, setTheme] = useState(initial)
  const choose = (next: Theme): void => {
    const attribute = themeAttribute(next)
    if (attribute === undefined) delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = attribute
    document.cookie = themeCookie(next)
    setTheme(next)
  }
  const themes = THEMES.map((option) => ({
    key: option,
    label: THEME_WORDS[option],
    checked: option === theme,
    onSelect: () => choose(option),
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
