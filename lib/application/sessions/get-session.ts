import { TOLD_LOGS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import type { ChangeRow, ConflictRow, DeadLetterRow, SessionRow, ToldLog } from '#lib/storage/ports.ts'
import { asks } from '#lib/query/letter-fields.ts'
import { authorize } from '../access/authorize.ts'
import { conflictMasks } from '../conflicts/conflict-masks.ts'
import type { Actor, Context } from '../context.ts'
import { letterMasks } from '../dead-letters/letter-masks.ts'
import { ApplicationError } from '../errors.ts'

const CHANGES_SHOWN_MAX = 500
const DEAD_LETTERS_SHOWN_MAX = 100

export interface SessionDetail {
  readonly session: SessionRow
  /** Its mutations that had an effect, oldest first; at most 500. */
  readonly changes: readonly ChangeRow[]
  readonly conflicts: readonly ConflictRow[]
  readonly deadLetters: readonly DeadLetterRow[]
  /** What its client logged with another engine, oldest first; at most 200. */
  readonly logs: readonly ToldLog[]
}

/** One session with what it did. @throws ApplicationError `not_found` */
export async function getSession(
  ctx: Pick<Context, 'storage' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<SessionDetail> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const session = await ctx.storage.sessions.get(fleetId, id)
  if (!session) throw new ApplicationError('not_found')
  const ofSession = { conditions: [asks('session', id)] }
  const [device, changes, conflicts, letters, masks, ofConflicts, logs] = await Promise.all([
    ctx.storage.devices.get(fleetId, session.deviceId),
    ctx.storage.sync.changesOfSession(fleetId, id, CHANGES_SHOWN_MAX),
    ctx.storage.conflicts.ofSession(fleetId, id),
    ctx.storage.deadLetters.list(fleetId, ofSession, { limit: DEAD_LETTERS_SHOWN_MAX, cursor: null }),
    letterMasks(ctx, fleetId),
    conflictMasks(ctx, fleetId),
    session.source === undefined
      ? []
      : ctx.storage.ingest.logs(fleetId, { sessionId: id }, TOLD_LOGS_PER_DEVICE_MAX),
  ])
  // Another device may have named the session in its pushes.
  const own = new Set([session.deviceId, ...(device?.linkedIds ?? [])])
  const isOwn = ({ deviceId }: { readonly deviceId: string }): boolean => own.has(deviceId)
  return {
    session,
    changes: changes.filter(isOwn).map(masks.change),
    conflicts: conflicts.filter(isOwn).map(ofConflicts.conflict),
    deadLetters: letters.items.filter(isOwn).map(masks.letter),
    logs: logs.toReversed(),
  }
}
