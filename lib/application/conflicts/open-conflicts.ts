import { isAmong } from '#lib/query/field.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

export interface OpenConflicts {
  readonly open: number
  /** When the one that waits longest arose, Unix ms; null where none waits. */
  readonly oldestAtMs: number | null
  /** Of that one, whose limit says how long it may wait. */
  readonly oldestCollection: string | null
}

/** What of a fleet waits for a person. @throws ApplicationError `not_found` */
export async function openConflicts(
  ctx: Pick<Context, 'storage'>,
  { actor, fleetId }: { readonly actor: Actor; readonly fleetId: string },
): Promise<OpenConflicts> {
  authorize(actor, fleetId, 'viewer')
  const filter = { conditions: [isAmong<ConflictKey>('status', 'open')], sort: 'waiting' } as const
  const [open, { items }] = await Promise.all([
    ctx.storage.conflicts.countOpen(fleetId),
    ctx.storage.conflicts.list(fleetId, filter, { limit: 1, cursor: null }),
  ])
  const [oldest] = items
  return { open, oldestAtMs: oldest?.createdAtMs ?? null, oldestCollection: oldest?.collection ?? null }
}
