import type { Ledger } from '../oracle/ledger.ts'
import type { SimDevice } from '../world/device.ts'
import type { Operation } from '../world/plan.ts'
import type { World } from '../world/world.ts'
import type { Gateway } from './gateway.ts'
import { MOMENTS } from './moments.ts'
import type { Users } from './users.ts'

/** Everything that a run is played with. */
export interface Stage {
  readonly world: World
  readonly ledger: Ledger
  readonly users: Users
  readonly gateway: Gateway
}

const WINDOWS_OF_SERVERS: ReadonlySet<string> = new Set([
  'storage_down',
  'contention',
  'slow_commit',
  'server_stopped',
])

/** Carries out one operation of the plan. What takes time goes on by itself. */
export async function execute(stage: Stage, operation: Operation): Promise<void> {
  const { world, users } = stage
  const device = world.devices[operation.device % world.devices.length] as SimDevice
  if (operation.kind === 'write') return users.write(device, operation)
  if (operation.kind === 'read') return users.read(device, operation.collection, operation.n)
  if (operation.kind === 'decide') return users.decide(device, operation.n)
  if ('forMs' in operation) {
    const isOfServer = WINDOWS_OF_SERVERS.has(operation.kind)
    const subject = isOfServer ? operation.device % world.plan.servers : device.index
    return world.windows.add(operation.kind, subject, operation.forMs, operation.probability)
  }
  await MOMENTS[operation.kind](stage, device, operation)
}
