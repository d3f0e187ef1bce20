import { hash } from 'node:crypto'
import type { Mac, Positions, SyncToken } from '#lib/engine/token.ts'
import { readToken } from '#lib/engine/token.ts'
import type { DeviceKey } from '../devices/device-memory.ts'
import { DeviceMemory } from '../devices/device-memory.ts'
import type { Clock } from '../surroundings.ts'

/** Names the positions that a pull ends at. */
export const etagOf = (epoch: number, positions: Positions): string =>
  `"${hash('sha256', JSON.stringify([epoch, Object.entries(positions).sort(byName)])).slice(0, 32)}"`
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** A token as it was read. */
export class ReadToken {
  readonly text: string
  readonly token: SyncToken
  /** What a pull answers that brings nothing past it, once it did. */
  emptyPage: string | null = null
  private knownEtag: string | null = null

  constructor(text: string, token: SyncToken) {
    this.text = text
    this.token = token
  }

  /** Of an answer that ends where the token does; worked out with the first of them. */
  get etag(): string {
    return (this.knownEtag ??= etagOf(this.token.epoch, this.token.positions))
  }
}

/** The token that each device showed last, as it was read: while nothing is new a device shows the same one. */
export class ShownTokens {
  private readonly mac: Mac
  private readonly devices: DeviceMemory<ReadToken>

  constructor(mac: Mac, clock: Clock) {
    this.mac = mac
    this.devices = new DeviceMemory(clock, ({ text }) => 2 * text.length)
  }

  /** What it says, good for whom or not (TK1); null when it is none of ours. */
  read(device: DeviceKey, text: string): ReadToken | null {
    const known = this.devices.get(device)
    if (known?.text === text) return known
    const token = readToken(text, this.mac)
    if (!token) return null
    const read = new ReadToken(text, token)
    this.devices.set(device, read)
    return read
  }
}
