import { getRestore, listRegained, listRestoredDevices } from '#lib/application/restores/list-restores.ts'
import { input, read } from './route-rows.ts'
import type { AdminRoute } from './table.ts'

/** Rows of the route table about what a restore from a backup left to come back. */
export const RESTORE_ROUTES: readonly AdminRoute[] = [
  read('/restore', 'viewer', (call) => getRestore(call.ctx, input(call))),
  read('/restore/devices', 'viewer', (call) =>
    listRestoredDevices(call.ctx, { ...input(call), query: call.query }),
  ),
  read('/restore/mutations', 'viewer', (call) =>
    listRegained(call.ctx, { ...input(call), query: call.query }),
  ),
]
