import { parseQuery } from '#components/table/query.ts'
import type { SessionsQuery } from '#lib/application/sessions/list-sessions.ts'
import { PLATFORMS } from '#lib/protocol/device.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { SESSION_RESULTS } from '#lib/protocol/session.ts'

export { loadList as loadSessionsParams } from '../search-params.ts'

/** What `key:value` the sessions page understands; free words search the devices’ names. */
export const SESSION_KEYS = ['device', 'version', 'platform', 'result', 'has'] as const

/** A device’s name has no more. */
const TEXT_MAX = 120

type Filter = Omit<SessionsQuery, 'fromMs' | 'toMs' | 'cursor' | 'limit'>

/** The filter that `q` says, or the sentence that tells what in it is not understood. Pure. */
export function sessionFilter(q: string): { filter: Filter; problem: string | null } {
  const { tokens, text } = parseQuery(q, SESSION_KEYS)
  const problems: string[] = []
  let filter: Filter = text === '' ? {} : { text: text.slice(0, TEXT_MAX) }
  for (const { key, value } of tokens) {
    const part = tokenFilter(key, value)
    if (part === null) problems.push(`${key}:${value} is not understood`)
    else filter = { ...filter, ...part }
  }
  return { filter, problem: problems.length === 0 ? null : problems.join('; ') }
}

function tokenFilter(key: string, value: string): Filter | null {
  switch (key) {
    case 'device':
      return uuid.safeParse(value).success ? { deviceId: value } : { deviceName: value.slice(0, TEXT_MAX) }
    case 'version':
      return { appVersion: value.slice(0, 40) }
    case 'platform':
      return PLATFORMS.some((platform) => platform === value) ? { platform: value } : null
    case 'result': {
      const result = SESSION_RESULTS.find((candidate) => candidate === value)
      return result === undefined ? null : { result }
    }
    case 'has':
      return { conflict: { withConflicts: true }, dead: { withDeadLetters: true } }[value] ?? null
    default:
      return null
  }
}
