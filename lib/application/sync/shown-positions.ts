import type { Positions } from '#lib/engine/token.ts'
import type { DeviceKey } from '../devices/device-memory.ts'
import { DeviceMemory } from '../devices/device-memory.ts'
import type { Clock } from '../surroundings.ts'

/** The positions that devices last showed to this process, so that an idle pull writes nothing. */
export class ShownPositions {
  private readonly devices: DeviceMemory<{ readonly positions: Positions; readonly text: string }>

  constructor(clock: Clock) {
    this.devices = new DeviceMemory(clock, ({ text }) => text.length)
  }

  isNews(device: DeviceKey, positions: Positions): boolean {
    const known = this.devices.get(device)
    // A token that comes again is the one that was read before (`shown-tokens.ts`).
    return known?.positions !== positions && known?.text !== textOf(positions)
  }

  /** Null for a device that this process does not remember. */
  of(device: DeviceKey): Positions | null {
    return this.devices.get(device)?.positions ?? null
  }

  remember(device: DeviceKey, positions: Positions): void {
    this.devices.set(device, { positions, text: textOf(positions) })
  }
}

const textOf = (positions: Positions): string =>
  JSON.stringify(Object.entries(positions).sort(([a], [b]) => (a < b ? -1 : 1)))
