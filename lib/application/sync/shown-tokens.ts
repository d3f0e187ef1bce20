import type { Mac, SyncToken } from '#lib/engine/token.ts'
import { readToken } from '#lib/engine/token.ts'
import type { DeviceKey } from '../devices/device-memory.ts'
import { DeviceMemory } from '../devices/device-memory.ts'
import type { Clock } from '../surroundings.ts'

/** The token that each device showed last, as it was read: while nothing is new a device shows the same one. */
export class ShownTokens {
  private readonly mac: Mac
  private readonly devices: DeviceMemory<{ readonly text: string; readonly token: SyncToken }>

  constructor(mac: Mac, clock: Clock) {
    this.mac = mac
    this.devices = new DeviceMemory(clock, ({ text }) => text.length)
  }

  /** What it says, good for whom or not (TK1); null when it is none of ours. */
  read(device: DeviceKey, text: string): SyncToken | null {
    const known = this.devices.get(device)
    if (known?.text === text) return known.token
    const token = readToken(text, this.mac)
    if (token) this.devices.set(device, { text, token })
    return token
  }
}
