import { parseQuery } from '#components/table/query.ts'
import type { DevicesQuery } from '#lib/application/devices/list-devices.ts'
import { PLATFORMS } from '#lib/protocol/device.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'

export { loadList as loadDevicesParams } from '../search-params.ts'

/** What `key:value` the devices page understands; free words search names and ids. */
export const DEVICE_KEYS = ['state', 'platform', 'version', 'has'] as const

type Filter = Omit<DevicesQuery, 'cursor' | 'limit'>

/** The filter that `q` says, or the sentence that tells what in it is not understood. Pure. */
export function deviceFilter(q: string): { filter: Filter; problem: string | null } {
  const { tokens, text } = parseQuery(q, DEVICE_KEYS)
  const problems: string[] = []
  let filter: Filter = text === '' ? {} : { text: text.slice(0, 120) }
  for (const { key, value } of tokens) {
    const state = SESSION_STATES.find((candidate) => candidate === value)
    if (key === 'version') filter = { ...filter, appVersion: value.slice(0, 40) }
    else if (key === 'platform' && PLATFORMS.some((platform) => platform === value))
      filter = { ...filter, platform: value }
    else if (key === 'state' && state !== undefined)
      filter = { ...filter, state: [...(filter.state ?? []), state] }
    else if (key === 'has' && value === 'waiting') filter = { ...filter, waiting: true }
    else problems.push(`${key}:${value} is not understood`)
  }
  return { filter, problem: problems.length === 0 ? null : problems.join('; ') }
}
