import type { DeviceCommand } from '#lib/protocol/command.ts'
import { COMMANDS_PENDING_MAX, isNews, pendingCommands } from '#lib/protocol/command.ts'
import type { ClosedLetter, NewsOrder } from './ports.ts'
import type { Device } from './rows.ts'

/** Commands kept on a device's row, newest last: the pending ones and the last of those that are done or over. */
export const COMMANDS_KEPT_MAX = 60

/** The list with one more; the same id again changes nothing. Null when too many are pending. */
export function withCommand(
  commands: readonly DeviceCommand[],
  command: DeviceCommand,
  nowMs: number,
): readonly DeviceCommand[] | null {
  if (commands.some(({ id }) => id === command.id)) return commands
  const pending = pendingCommands(commands, nowMs)
  const alike = pending.filter((known) => isNews(known) === isNews(command))
  if (alike.length >= COMMANDS_PENDING_MAX) return null
  const over = commands.filter((known) => !pending.includes(known))
  const kept = new Set([...over.slice(-(COMMANDS_KEPT_MAX - pending.length - 1)), ...pending])
  return [...commands.filter((known) => kept.has(known)), command]
}

/** The list with the news of these letters behind it, of which there are no more than there is room for. Pure. */
export function withLetterNews(
  commands: readonly DeviceCommand[],
  letters: readonly ClosedLetter[],
  { nowMs, expiresAtMs, ids }: NewsOrder,
): readonly DeviceCommand[] {
  return letters.reduce((all, { id: deadLetterId, status: type }) => {
    const times = { issuedAtMs: nowMs, expiresAtMs, acknowledgedAtMs: null }
    const next = withCommand(all, { id: ids(), type, deadLetterId, reason: null, ...times }, nowMs)
    if (next === null) throw new Error('assertion failed: there is room for the news')
    return next
  }, commands)
}

/** The list with these ids acknowledged, each once; null when that changes nothing. */
export function withAcknowledged(
  commands: readonly DeviceCommand[],
  ids: readonly string[],
  atMs: number,
): readonly DeviceCommand[] | null {
  const isFresh = ({ id, acknowledgedAtMs }: DeviceCommand): boolean =>
    acknowledgedAtMs === null && ids.includes(id)
  if (!commands.some(isFresh)) return null
  return commands.map((command) => (isFresh(command) ? { ...command, acknowledgedAtMs: atMs } : command))
}

/** When the last command that is not acknowledged expires; null when none waits. */
export const commandsUntilMs = (commands: readonly DeviceCommand[]): number | null =>
  commands.reduce<number | null>(
    (until, { acknowledgedAtMs, expiresAtMs }) =>
      acknowledgedAtMs === null ? Math.max(until ?? 0, expiresAtMs) : until,
    null,
  )

/** Ids that belong together after forks; a device that forks more often loses the oldest ones. */
export const LINKED_IDS_MAX = 16

/** Both sides of a new link: every id of the former device's family, and which devices have to learn of the new one. */
export function linkedFamily(former: Pick<Device, 'id' | 'linkedIds'>): readonly string[] {
  return [...former.linkedIds, former.id].slice(-LINKED_IDS_MAX)
}
export const withLink = (linkedIds: readonly string[], id: string): readonly string[] =>
  linkedIds.includes(id) ? linkedIds : [...linkedIds, id].slice(-LINKED_IDS_MAX)
