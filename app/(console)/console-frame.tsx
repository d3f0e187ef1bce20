'use client'
import { useRouter, useSearchParams } from 'next/navigation'
import { useEffect, useState, type ReactNode } from 'react'
import { FleetPicker } from '#components/shell/fleet-picker.tsx'
import type { NavGroup } from '#components/shell/nav.ts'
import { Shell } from '#components/shell/shell.tsx'
import type { Theme } from '#components/shell/theme.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import type { Alarm } from './alerts/alarm-words.ts'
import { AlarmBanner } from './alerts/alarm-banner.tsx'
import { ConsoleCommands } from './console-commands.tsx'
import { StepUpDialog } from './step-up-dialog.tsx'
import { NewFleet } from './settings/fleets/fleet-forms.tsx'

export type FrameFleet = {
  id: string
  name: string
  role: string
  devices: number | null
  deadLettersOpen: number | null
  /** Those that wait for a person. */
  conflictsOpen: number | null
  /** Those that aren't closed, and whether a person holds one. */
  breakers: { notClosed: number; isHeld: boolean }
  /** Null where nobody has counted. */
  alerts: Alarm | null
}

const SETTINGS_HREF = '/settings/fleets'
const KEYS = [
  { key: 'o', label: 'Overview', href: '/overview' },
  { key: 'p', label: 'Pillars', href: '/pillars/lag' },
  { key: 's', label: 'Sessions', href: '/sessions' },
  { key: 'd', label: 'Devices', href: '/devices' },
  { key: 'f', label: 'Conflicts', href: '/conflicts' },
  { key: 't', label: 'Strategy lab', href: '/lab' },
  { key: 'l', label: 'Dead letters', href: '/dead-letters' },
  { key: 'b', label: 'Operations', href: '/operations' },
  { key: 'k', label: 'Breakers', href: '/breakers' },
  { key: 'a', label: 'Alerts', href: '/alerts' },
  { key: 'c', label: 'Collections', href: '/collections' },
  { key: 'u', label: 'Audit', href: '/audit' },
  { key: 'e', label: 'Settings', href: SETTINGS_HREF },
]
const FOOT = [
  {
    key: 'settings',
    label: 'Settings',
    href: SETTINGS_HREF,
    under: '/settings',
    icon: 'settings' as const,
  },
]
const SIGN_OUT = { postTo: '/api/auth/signout', thenTo: '/sign-in' }

export type FrameViewer = {
  fleets: readonly FrameFleet[]
  userName: string
  mayMakeFleets: boolean
  /** What the sign-in provider is called; null without one. */
  provider: string | null
}

/**
 * A layout isn't told the URL's query, and the fleet stands there: so the frame reads it in the browser. Without a viewer
 * the database is away: the last one stays, or the frame stands without what only the database knows.
 */
export function ConsoleFrame({
  viewer,
  theme,
  children,
}: {
  viewer: FrameViewer | null
  theme: Theme
  children: ReactNode
}) {
  const [last, setLast] = useState(viewer)
  if (viewer !== null && viewer !== last) setLast(viewer)
  const known = viewer ?? last
  const fleets = known?.fleets ?? []
  const asked = useSearchParams().get('fleet')
  const fleet = fleets.find(({ id }) => id === asked) ?? fleets[0]
  useCounts(fleet)
  const choices = fleets.map(({ id, name, devices }) => ({ slug: id, name, devices }))
  return (
    <Shell
      groups={navGroups(fleet)}
      foot={FOOT}
      keys={KEYS}
      user={known === null ? null : { name: known.userName, role: fleet?.role ?? 'no role' }}
      theme={theme}
      signOut={SIGN_OUT}
      commands={
        fleet === undefined ? null : (
          <ConsoleCommands
            items={[...navGroups(fleet).flatMap(({ items }) => items), ...FOOT]}
            keys={KEYS}
            fleets={choices}
            current={fleet.id}
          />
        )
      }
      fleetPicker={
        known === null ? null : <FleetPicker fleets={choices} current={fleet?.id ?? ''} form="rail" />
      }
    >
      <StepUpDialog provider={known?.provider ?? null} />
      {fleet?.alerts == null ? null : <AlarmBanner alarm={fleet.alerts} />}
      {known !== null && fleet === undefined ? <NoFleet mayMake={known.mayMakeFleets} /> : children}
    </Shell>
  )
}

/** A fleet that was not counted when the frame was made, since another one was looked at, is counted with the frame made anew. */
function useCounts(fleet: FrameFleet | undefined): void {
  const router = useRouter()
  const uncounted = fleet?.devices === null ? fleet.id : null
  useEffect(() => {
    if (uncounted !== null) router.refresh()
  }, [uncounted, router])
}

/** Only what exists. */
function navGroups(fleet: FrameFleet | undefined): readonly NavGroup[] {
  const count = (value: number | null | undefined) => (value == null ? {} : { count: formatCount(value) })
  return [
    {
      title: 'Observe',
      items: [
        { key: 'overview', label: 'Overview', href: '/overview', icon: 'overview' },
        { key: 'pillars', label: 'Pillars', href: '/pillars/lag', under: '/pillars', icon: 'pillars' },
        { key: 'sessions', label: 'Sessions', href: '/sessions', icon: 'sessions' },
        { key: 'devices', label: 'Devices', href: '/devices', icon: 'devices', ...count(fleet?.devices) },
      ],
    },
    {
      title: 'Resolve',
      items: [
        {
          key: 'conflicts',
          label: 'Conflicts',
          href: '/conflicts',
          icon: 'conflicts',
          ...count(fleet?.conflictsOpen === 0 ? null : fleet?.conflictsOpen),
        },
        { key: 'lab', label: 'Strategy lab', href: '/lab', icon: 'lab' },
        {
          key: 'dead',
          label: 'Dead letters',
          href: '/dead-letters',
          icon: 'dead',
          ...count(fleet?.deadLettersOpen === 0 ? null : fleet?.deadLettersOpen),
        },
        { key: 'operations', label: 'Operations', href: '/operations', icon: 'operations' },
      ],
    },
    {
      title: 'Control',
      items: [
        {
          key: 'breakers',
          label: 'Breakers',
          href: '/breakers',
          icon: 'breakers',
          ...(fleet === undefined || fleet.breakers.notClosed === 0
            ? {}
            : {
                count: formatCount(fleet.breakers.notClosed),
                status: fleet.breakers.isHeld ? ('held' as const) : ('crit' as const),
              }),
        },
        {
          key: 'alerts',
          label: 'Alerts',
          href: '/alerts',
          icon: 'alerts',
          ...(fleet?.alerts == null || fleet.alerts.unread === 0
            ? {}
            : {
                count: formatCount(fleet.alerts.unread),
                counted: 'unacknowledged',
                status: fleet.alerts.critical.length > 0 ? ('crit' as const) : ('warn' as const),
              }),
        },
        { key: 'collections', label: 'Collections', href: '/collections', icon: 'collections' },
        { key: 'audit', label: 'Audit', href: '/audit', icon: 'audit' },
      ],
    },
  ]
}

function NoFleet({ mayMake }: { mayMake: boolean }) {
  return (
    <main id="main" className="page">
      {mayMake ? (
        <EmptyState
          whole
          word="Waiting"
          title="There is no fleet yet"
          detail="A fleet is one application’s devices and data. Make the first one; its overview then shows the ways in."
          actions={<NewFleet />}
        />
      ) : (
        <EmptyState
          whole
          word="Waiting"
          title="There is no fleet that you can see"
          detail="Ask an administrator for a role in one."
        />
      )}
    </main>
  )
}
