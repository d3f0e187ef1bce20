import type { Positions } from '#lib/engine/token.ts'
import type { Device } from '#lib/storage/ports.ts'

const DEVICES_MAX = 20_000

/** A device as it is told apart from all others: the same id may be in two fleets. */
type Shower = Pick<Device, 'fleetId' | 'id'>
const keyOf = ({ fleetId, id }: Shower): string => `${fleetId}/${id}`

/** The positions that devices last showed to this process, so that an idle pull writes nothing. */
export class ShownPositions {
  private readonly devices = new Map<string, string>()

  isNews(device: Shower, positions: Positions): boolean {
    return this.devices.get(keyOf(device)) !== textOf(positions)
  }

  remember(device: Shower, positions: Positions): void {
    const key = keyOf(device)
    this.devices.delete(key)
    this.devices.set(key, textOf(positions))
    const oldest = this.devices.keys().next()
    if (this.devices.size > DEVICES_MAX && !oldest.done) this.devices.delete(oldest.value)
  }
}

const textOf = (positions: Positions): string =>
  JSON.stringify(Object.entries(positions).sort(([a], [b]) => (a < b ? -1 : 1)))
