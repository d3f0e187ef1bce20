import { auditEntry } from '../access/audit-entry.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { noteRestore } from './note-restore.ts'

const EPOCHS_COUNT_FROM_MS = Date.UTC(2026, 0, 1)

/**
 * The epoch of a fleet that came from a copy: above the copy's, and above what an earlier restore of the same copy gave,
 * which nothing in the copy can tell. So it is a time, in seconds since 2026 (decision 0067). The config's version is raised in
 * the same way: devices hold the lost server's under numbers that would be counted again.
 */
export const epochAfter = (before: number, nowMs: number): number =>
  Math.max(before + 1, Math.floor((nowMs - EPOCHS_COUNT_FROM_MS) / 1000))

export interface RaiseInput {
  readonly actor: Actor
  /** Null: every fleet. */
  readonly fleetId: string | null
  /** The moment that the data is of; null where nobody knows. */
  readonly takenAtMs: number | null
}

/**
 * After a restore by other means (pg_dump, a snapshot of the disk, point in time): every device reads all anew and sends again
 * what the copy may lack. @returns the new epochs by fleet. @throws ApplicationError `not_found`
 */
export async function raiseEpochs(
  ctx: Context,
  { actor, fleetId, takenAtMs }: RaiseInput,
): Promise<Readonly<Record<string, number>>> {
  const all = await ctx.storage.fleets.list()
  const chosen = all.filter(({ id }) => fleetId === null || id === fleetId)
  if (fleetId !== null && chosen.length === 0) throw new ApplicationError('not_found')
  const epochs: Record<string, number> = {}
  for (const { id, epoch: epochBefore, configVersion } of chosen) {
    const nowMs = ctx.clock.now()
    const wanted = epochAfter(epochBefore, nowMs)
    const audit = auditEntry(ctx, actor, {
      action: 'fleet.raise_epoch',
      target: id,
      fleetId: id,
      before: { epoch: epochBefore },
      after: { epoch: wanted },
    })
    const epoch = await ctx.storage.fleets.raiseEpoch(id, audit, wanted, epochAfter(configVersion, nowMs))
    epochs[id] = epoch
    const takenAt = takenAtMs === null ? null : new Date(takenAtMs).toISOString()
    const loaded = { backupId: null, takenAt, proven: true, fleets: [{ id, epochBefore, epoch }] }
    await noteRestore(ctx, { actor, loaded, problems: [] })
  }
  return epochs
}
