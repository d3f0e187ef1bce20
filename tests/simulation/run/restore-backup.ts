import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { Identity } from '#lib/client/tables.ts'
import type { SimDevice } from '../world/device.ts'
import { tokenHash } from '../world/token-hash.ts'
import type { Stage } from './execute.ts'

const proofsOf = (former: Identity['former']): readonly string[] =>
  former ? [former.token, ...proofsOf(former.former)] : []

/** The database is put back to its backup, and the epoch raised, as `tidemark restore` does: with all servers down. */
export async function restoreBackup({ world, ledger }: Stage): Promise<void> {
  const { database, fleetId } = world
  const { kept } = database
  if (!kept) return
  // Copies of a device whose first id the backup has never seen can't prove that they were one (decision 27): such a restore is
  // left out. A copy that has taken an id since proves the one before, and a device alone enrolls again under its own.
  const { tokens } = kept.state.fleetTables(fleetId)
  const isProven = (device: SimDevice): boolean => {
    const { token, tokenBefore, former } = device.onDisk<Identity>('identity')
    return [token, tokenBefore, ...proofsOf(former)].some((one) => tokens.has(tokenHash(one ?? '')))
  }
  const isCopied = (device: SimDevice): boolean =>
    world.devices.some((other) => other !== device && other.origin === device.origin)
  if (!world.devices.every((device) => isProven(device) || !isCopied(device))) return
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
