import type { Positions } from '#lib/engine/token.ts'

const DEVICES_MAX = 20_000

/** The positions that devices last showed to this process, so that an idle pull writes nothing. */
export class ShownPositions {
  private readonly devices = new Map<string, string>()

  isNews(deviceId: string, positions: Positions): boolean {
    return this.devices.get(deviceId) !== textOf(positions)
  }

  remember(deviceId: string, positions: Positions): void {
    this.devices.delete(deviceId)
    this.devices.set(deviceId, textOf(positions))
    const oldest = this.devices.keys().next()
    if (this.devices.size > DEVICES_MAX && !oldest.done) this.devices.delete(oldest.value)
  }
}

const textOf = (positions: Positions): string =>
  JSON.stringify(Object.entries(positions).sort(([a], [b]) => (a < b ? -1 : 1)))
