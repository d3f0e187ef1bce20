import type { Command, CommandGroup } from '#components/shell/command-list.ts'
import type { FindCommands } from '#components/shell/command-menu.tsx'
import { plural } from '#components/ui/format.ts'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { DeviceView } from '#lib/application/devices/device-views.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import { isAmong } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { incidentHref } from './alerts/incident-links.ts'
import { refusal } from './send-json.ts'

const DEVICES_FOUND_MAX = 6
const INCIDENT_NAME = /^inc-\d+$/i

type Device = Pick<DeviceView['device'], 'id' | 'name' | 'appVersion' | 'platform' | 'report'>
type Named = Pick<IncidentView, 'id' | 'name' | 'title' | 'state'>
const NONE_LISTED = { ok: true as const, items: [] }

type Asked = { fleetId: string; q: string; limit: number; signal: AbortSignal }

/** The first devices of a fleet whose name or id has what is typed, and the incident of that name. @param query of the page, whose time range is kept */
export const findNamed =
  (fleetId: string, query: string): FindCommands =>
  async (text, signal) => {
    const from = { fleetId, signal }
    const byName = formatFilter([isAmong('name', text.toUpperCase())])
    const [devices, incidents] = await Promise.all([
      listed<Device>('devices', { ...from, q: wordsOf(text), limit: DEVICES_FOUND_MAX }),
      // By other words the list of incidents looks through a thousand, for which a device's name would wait.
      INCIDENT_NAME.test(text)
        ? listed<Named>('alerts/incidents', { ...from, q: byName, limit: 1 })
        : NONE_LISTED,
    ])
    if (!devices.ok) return devices
    if (!incidents.ok) return incidents
    const groups = [
      {
        key: 'devices found',
        title: 'Devices',
        commands: devices.items.map((device) => deviceCommand(device, query)),
      },
      {
        key: 'incidents found',
        title: 'Incidents',
        commands: incidents.items.map((incident) => incidentCommand(incident, query)),
      },
    ]
    return { ok: true, groups: groups.filter(({ commands }) => commands.length > 0) }
  }

async function listed<T>(list: string, { fleetId, q, limit, signal }: Asked) {
  const url = withParams(`/api/admin/v1/${list}`, '', { fleet: fleetId, q, limit: String(limit) })
  const answer = await fetch(url, { signal })
  const body: unknown = await answer.json().catch(() => null)
  return answer.ok
    ? { ok: true as const, items: (body as { items: readonly T[] }).items }
    : { ok: false as const, message: `Nothing was looked for: ${refusal(answer.status, body).message}` }
}

/** A name may hold what the grammar of filters has another meaning for. */
const wordsOf = (text: string): string =>
  formatFilter(text.split(/\s+/).map((word) => ({ kind: 'words', not: false, text: word })))

const deviceCommand = ({ id, name, appVersion, platform, report }: Device, query: string): Command => ({
  key: id,
  label: name,
  note: `${appVersion} ${platform}${report !== null && report.depth > 0 ? `, ${plural(report.depth, 'change')} waiting` : ''}`,
  href: carryShared(`/devices/${id}`, query),
})

const incidentCommand = ({ id, name, title, state }: Named, query: string): Command => ({
  key: id,
  label: name,
  note: state === 'open' ? title : `${title}, resolved`,
  href: incidentHref(query, id),
})

/** Where what is typed can be looked for in full. Pure. */
export function searchesOf(text: string, query: string): CommandGroup {
  const list = (path: string): string => {
    const [at = '', kept = ''] = carryShared(path, query).split('?')
    return withParams(at, kept, { q: text })
  }
  return {
    key: 'search',
    title: 'Search',
    commands: [
      { key: 'all devices', label: `All devices that match “${text}”`, href: list('/devices') },
      {
        key: 'all dead letters',
        label: `All dead letters that match “${text}”`,
        href: list('/dead-letters'),
      },
      { key: 'all incidents', label: `All incidents that match “${text}”`, href: list('/alerts') },
      { key: 'all sessions', label: `All sessions that match “${text}”`, href: list('/sessions') },
    ],
  }
}
