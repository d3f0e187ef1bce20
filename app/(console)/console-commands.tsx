'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { Commands } from '#components/shell/commands.tsx'
import type { Command, CommandGroup } from '#components/shell/command-list.ts'
import { fleetHref, type FleetChoice } from '#components/shell/fleet-picker.tsx'
import { openHelp, type GoPage } from '#components/shell/keyboard.tsx'
import type { NavItem } from '#components/shell/nav.ts'
import { THEME_WORDS, THEMES } from '#components/shell/theme.ts'
import { chooseTheme } from '#components/shell/use-theme.ts'
import { plural } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { findNamed, searchesOf } from './find-named.ts'
import { ALERTS_PARTS } from './alerts/parts.ts'
import { hrefOfPart, SETTINGS_PARTS } from './settings/parts.ts'

/** Pages that have no place of their own in the rail. */
const BELOW = [
  { label: 'Conflict rate', href: '/pillars/conflicts' },
  { label: 'Failure rate', href: '/pillars/failures' },
  { label: 'Queue depth', href: '/pillars/queue' },
  ...ALERTS_PARTS.map(({ label, href }) => ({ label: `${label} of alerts`, href })),
  ...SETTINGS_PARTS.map(({ label, path }) => ({ label, href: hrefOfPart(path) })),
  { label: 'API reference', href: '/docs' },
]

/** What the command menu offers: pages, devices and incidents by name, fleets, the theme and the keys. */
export function ConsoleCommands({
  items,
  keys,
  fleets,
  current,
}: {
  /** The pages of the rail. */
  items: readonly NavItem[]
  keys: readonly GoPage[]
  fleets: readonly FleetChoice[]
  current: string
}) {
  const path = usePathname()
  const query = useSearchParams().toString()
  const find = useMemo(() => findNamed(current, query), [current, query])
  const searches = useCallback((text: string) => searchesOf(text, query), [query])
  const below = BELOW.filter(({ href }) => !items.some((item) => item.href === href))
  const pages = [...items, ...below].map(({ label, href }): Command => {
    const go = keys.find((page) => page.href === href)
    return {
      key: `page ${href}`,
      label,
      href: carryShared(href, query),
      ...(go === undefined ? {} : { hint: `g ${go.key}` }),
    }
  })
  const others = fleets
    .filter(({ slug }) => slug !== current)
    .map(({ slug, name, devices }) => ({
      key: `fleet ${slug}`,
      label: name,
      href: fleetHref(path, query, slug),
      ...(devices === null ? {} : { note: plural(devices, 'device') }),
    }))
  const all: readonly CommandGroup[] = [
    { key: 'pages', title: 'Go to', commands: pages },
    ...(others.length === 0 ? [] : [{ key: 'fleets', title: 'Fleet', commands: others }]),
    { key: 'theme', title: 'Theme', commands: THEME_COMMANDS },
    {
      key: 'help',
      title: 'Help',
      commands: [{ key: 'keys', label: 'All keyboard shortcuts', hint: '?', run: openHelp }],
    },
  ]
  return <Commands groups={all} find={find} searchesOf={searches} />
}

const THEME_COMMANDS: readonly Command[] = THEMES.map((theme) => ({
  key: `theme ${theme}`,
  label: THEME_WORDS[theme],
  run: () => chooseTheme(theme),
}))
