import type { Position } from '#lib/client/tables.ts'
import type { SimDevice } from '../world/device.ts'
import type { Ledger } from './ledger.ts'
import { positionsIn } from './pull-answer.ts'

/** What was committed has not all been read there, as its own token says, or it has not yet met that its token was altered. */
export function isBehind(device: SimDevice, { history, altered }: Ledger): boolean {
  const { token, fullReason } = device.onDisk<Position>('position')
  if (!token || fullReason || token === altered.get(device.index)) return true
  const { epoch, positions } = positionsIn(token)
  if (epoch !== history.epoch || Object.values(positions).some(([, mark]) => mark !== undefined)) return true
  return [...history.heads].some(([name, head]) => (positions[name]?.[0] ?? 0) < head)
}
