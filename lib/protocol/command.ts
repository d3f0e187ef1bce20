import { z } from 'zod'
import { uuid } from './mutation.ts'

/** What a device is told to do (EV1); told again until its report acknowledges the id. */
export const COMMAND_TYPES = ['resync', 'pause', 'resume', 'send_diagnostics', 'rotate'] as const
export type CommandType = (typeof COMMAND_TYPES)[number]

/** What became of a device's letter or conflict: in a stream an event of this name, without one an entry of `Tidemark-Commands`. */
export type LetterNews = 'replayed' | 'discarded'
export type NewsType = LetterNews | 'resolved'

/** A command as it travels, in the event stream and in `Tidemark-Commands`; of news only the latter. */
export interface WireCommand {
  readonly id: string
  readonly type: CommandType | NewsType
  /** With news: the letter that was closed. */
  readonly deadLetterId?: string | undefined
  /** With `resolved`: the conflict that was decided. */
  readonly conflictId?: string | undefined
}

/** What an operator told a device. */
export interface DeviceCommand {
  readonly id: string
  readonly type: CommandType | NewsType
  readonly deadLetterId?: string | undefined
  readonly conflictId?: string | undefined
  readonly reason: string | null
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly acknowledgedAtMs: number | null
}

/** Commands that one device has not acknowledged; more are refused. Of news as many: more of letters waits its turn, of conflicts is left out. */
export const COMMANDS_PENDING_MAX = 20

/** Neither acknowledged nor expired. Oldest first: the device obeys in this order. */
export const pendingCommands = (commands: readonly DeviceCommand[], nowMs: number): DeviceCommand[] =>
  commands.filter(({ acknowledgedAtMs, expiresAtMs }) => acknowledgedAtMs === null && expiresAtMs > nowMs)

/** It tells what became of something, and nothing is to be done for it. Pure. */
export const isNews = ({ deadLetterId, conflictId }: DeviceCommand): boolean =>
  (deadLetterId ?? conflictId) !== undefined

/** News that may be added before too much waits. Pure. */
export const newsRoom = (commands: readonly DeviceCommand[], nowMs: number): number =>
  Math.max(0, COMMANDS_PENDING_MAX - pendingCommands(commands, nowMs).filter(isNews).length)

/** POST /diagnostics: what a device knows of itself. `commandId` names the command that asked for it. */
export const diagnosticsRequest = z.looseObject({ commandId: uuid.optional() })
export interface DiagnosticsResponse {
  readonly id: string
}
