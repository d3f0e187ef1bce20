import type { Mac, SyncToken } from '#lib/engine/token.ts'
import { readToken } from '#lib/engine/token.ts'
import type { Device } from '#lib/storage/ports.ts'

const DEVICES_MAX = 20_000

/** The token that each device showed last, as it was read: while nothing is new a device shows the same one. */
export class ShownTokens {
  private readonly mac: Mac
  private readonly devices = new Map<string, { readonly text: string; readonly token: SyncToken }>()

  constructor(mac: Mac) {
    this.mac = mac
  }

  /** What it says, good for whom or not (TK1); null when it is none of ours. */
  read({ fleetId, id }: Pick<Device, 'fleetId' | 'id'>, text: string): SyncToken | null {
    const key = `${fleetId}/${id}`
    const known = this.devices.get(key)
    if (known?.text === text) return known.token
    const token = readToken(text, this.mac)
    if (!token) return null
    this.devices.delete(key)
    this.devices.set(key, { text, token })
    const oldest = this.devices.keys().next()
    if (this.devices.size > DEVICES_MAX && !oldest.done) this.devices.delete(oldest.value)
    return token
  }
}
