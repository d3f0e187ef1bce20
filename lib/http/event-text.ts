import { collectionOfScope } from '#lib/application/breakers/scopes.ts'
import { accessTo } from '#lib/application/devices/access.ts'
import type { Caller } from '#lib/application/devices/directory.ts'
import type { Poke } from '#lib/application/sync/pokes.ts'
import type { WireCommand } from '#lib/protocol/command.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'

type Told = Exclude<Poke, { readonly event: 'standings' }>
type Telling = (poke: Told) => string | null

/**
 * What one stream tells of pokes (EV1); null for what its device may not see, what isn't for it, and what
 * the stream has told. News of letters and conflicts are events of their own names: told at once by the process that
 * decided, and found by any other as what waits in `Tidemark-Commands`.
 */
export function tellingTo(device: Caller['device']): Telling {
  const told = new Set<string>()
  /** News that were told at once, and are yet to be found waiting: no more of them wait. */
  const ahead = new Set<string>()
  return (poke) => {
    switch (poke.event) {
      case 'poke': {
        const collections = poke.collections.filter((name) => accessTo(device.access, name) !== null)
        return collections.length === 0 ? null : text('poke', { collections, spreadMs: poke.spreadMs })
      }
      case 'breaker': {
        const { scope, state, retryAfterMs } = poke
        const collection = collectionOfScope(scope)
        if (collection !== null && accessTo(device.access, collection) === null) return null
        return text('breaker', { scope, state, retryAfterMs })
      }
      case 'command': {
        const { deviceId, command } = poke
        if (deviceId !== device.id || told.has(command.id)) return null
        told.add(command.id)
        const line = commandText(command)
        return ahead.delete(line) ? null : line
      }
      case 'resolved':
      case 'replayed':
      case 'discarded': {
        const { event, deviceId, ...about } = poke
        if (deviceId !== device.id) return null
        const line = text(event, about)
        if (ahead.size < COMMANDS_PENDING_MAX) ahead.add(line)
        return line
      }
    }
  }
}

function commandText(command: WireCommand): string {
  const { type, conflictId, deadLetterId } = command
  if (type === 'resolved') return text(type, { conflictId })
  if (type === 'replayed' || type === 'discarded') return text(type, { deadLetterId })
  return text('command', command)
}

const text = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
