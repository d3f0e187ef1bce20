import type { Command, CommandGroup } from '#components/shell/command-list.ts'
import type { FindCommands } from '#components/shell/command-menu.tsx'
import { plural } from '#components/ui/format.ts'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { DeviceView } from '#lib/application/devices/device-views.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { refusal } from './send-json.ts'

const DEVICES_FOUND_MAX = 6

type Device = Pick<DeviceView['device'], 'id' | 'name' | 'appVersion' | 'platform' | 'report'>

/** The first devices of a fleet whose name or id has what is typed. @param query of the page, whose time range is kept */
export const findDevices =
  (fleetId: string, query: string): FindCommands =>
  async (text, signal) => {
    const asked = { fleet: fleetId, q: wordsOf(text), limit: String(DEVICES_FOUND_MAX) }
    const answer = await fetch(withParams('/api/admin/v1/devices', '', asked), { signal })
    const body: unknown = await answer.json().catch(() => null)
    if (!answer.ok)
      return { ok: false, message: `No device was looked for: ${refusal(answer.status, body).message}` }
    const { items } = body as { items: readonly Device[] }
    const commands = items.map((device) => deviceCommand(device, query))
    return { ok: true, groups: commands.length === 0 ? [] : [{ key: 'found', title: 'Devices', commands }] }
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
      { key: 'all sessions', label: `All sessions that match “${text}”`, href: list('/sessions') },
    ],
  }
}
