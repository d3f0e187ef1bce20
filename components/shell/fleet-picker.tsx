'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { plural } from '#components/ui/format.ts'
import { Icon, Logo } from '#components/ui/icon.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { withParams } from '#components/ui/search-params.ts'

/** `slug` is what the URL says as `fleet`; `devices` is null while it isn't known. */
export type FleetChoice = { slug: string; name: string; devices: number | null }

export type FleetPickerProps = {
  fleets: readonly FleetChoice[]
  current: string
  /** rail: the head of the rail · bar: in the top bar of a phone */
  form: 'rail' | 'bar'
}

/** Names the fleet that the page shows. With only one there is nothing to pick, and no menu. */
export function FleetPicker({ fleets, current, form }: FleetPickerProps) {
  const path = usePathname()
  const query = useSearchParams().toString()
  const fleet = fleets.find((candidate) => candidate.slug === current)
  const name = fleet?.name ?? 'No fleet'
  const size = fleet?.devices == null ? '' : plural(fleet.devices, 'device')
  const alone = fleets.length <= 1
  const inside =
    form === 'rail' ? (
      <>
        <Logo />
        <span>
          <strong>{name}</strong>
          <span className="sub">{size}</span>
        </span>
        {alone ? null : <Icon name="down" />}
      </>
    ) : (
      <>
        <Logo />
        <span>{name}</span>
        {alone ? null : <Icon name="down" />}
      </>
    )
  const className = form === 'rail' ? 'fleet' : 'fleet-s'
  if (alone) return <div className={className}>{inside}</div>
  const items = fleets.map((choice) => ({
    key: choice.slug,
    label: choice.name,
    checked: choice.slug === current,
    href: fleetHref(path, query, choice.slug),
    ...(choice.devices === null ? {} : { note: plural(choice.devices, 'device') }),
  }))
  return (
    <Menu
      label="Fleet"
      align="start"
      groups={[{ key: 'fleets', items }]}
      trigger={
        <button type="button" className={className}>
          <span className="sr">Fleet: </span>
          {inside}
          <span className="sr">. Change fleet</span>
        </button>
      }
    />
  )
}

/** The same page of another fleet, whose rows are other rows: a cursor, filter or selection would mean nothing there. */
export const fleetHref = (path: string, query: string, slug: string): string =>
  withParams(path, '', { range: new URLSearchParams(query).get('range'), fleet: slug })
