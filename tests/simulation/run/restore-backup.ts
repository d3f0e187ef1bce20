import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { Identity } from '#lib/client/tables.ts'
import { tokenHash } from '../world/token-hash.ts'
import type { Stage } from './execute.ts'

/** The database is put back to its backup, and the epoch raised, as `tidemark restore` does: with all servers down. */
export async function restoreBackup({ world, ledger }: Stage): Promise<void> {
  const { database, fleetId } = world
  const { kept } = database
  if (!kept) return
  // A credential that the backup has never seen needs a person: such a restore is left out.
  const tokens = kept.state.fleetTables(fleetId).tokens
  if (
    !world.devices.every((device) => tokens.has(tokenHash(device.onDisk<Identity>('identity').token ?? '')))
  )
    return
  world.windows.note('restore')
  for (let index = 0; index < world.plan.servers; index++) world.killServer(index)
  database.restore()
  const { id, name, kind } = SYSTEM
  const epoch = await database.storage.fleets.raiseEpoch(fleetId, {
    id: `restore-${world.time.elapsedMs}`,
    atMs: world.serverNowMs(),
    fleetId,
    actor: { id, name, kind },
    action: 'fleet.restore',
    target: fleetId,
    reason: null,
    before: null,
    after: null,
    address: null,
    outcome: 'done',
  })
  ledger.restored(database.commits, epoch)
}
