import type { WireCommand } from '#lib/protocol/command.ts'
import type { Standing } from '#lib/storage/ports.ts'
import type { BreakerChange } from '../breakers/breakers.ts'

/** What a device with an open stream is told (EV1). */
export type Poke =
  | {
      readonly event: 'poke'
      readonly collections: readonly string[]
      /** Over how long those who hear it are to come. */
      readonly spreadMs: number
    }
  | { readonly event: 'resolved'; readonly conflictId: string; readonly deviceId: string }
  | { readonly event: 'replayed' | 'discarded'; readonly deadLetterId: string; readonly deviceId: string }
  | ({ readonly event: 'breaker' } & BreakerChange)
  | { readonly event: 'command'; readonly deviceId: string; readonly command: WireCommand }
  /** For the streams themselves, by device: what it may do now; null where there is no such device any more. */
  | { readonly event: 'standings'; readonly of: ReadonlyMap<string, Standing | null> }

type Listener = (poke: Poke) => void

/** One stream: whose it is, and how another one of its device ends it. */
interface Stream {
  readonly deviceId: string
  readonly end: () => void
}

export const LISTENERS_PER_FLEET_MAX = 1_000
/** A device has one, or one for each opening of its store where none knows of the others (EV1). */
export const LISTENERS_PER_DEVICE_MAX = 4
/** Devices of a fleet that pokes of one process bring back in a second (BO4). */
export const POKED_PER_SECOND_MAX = 50

/** Tells the streams of this process what changed in a fleet. Other processes find it by polling heads. */
export class Pokes {
  private readonly fleets = new Map<string, Map<Listener, Stream>>()
  private readonly heads = new Map<string, Map<string, number>>()

  /**
   * Null when the fleet has as many streams as a process holds. Call what it returns to end; `end` is called, and has to do
   * that, when this one is the oldest of a device that opens one too many.
   */
  listen(fleetId: string, deviceId: string, listener: Listener, end: () => void): (() => void) | null {
    const listeners = this.fleets.get(fleetId) ?? new Map<Listener, Stream>()
    const own = [...listeners.values()].filter((stream) => stream.deviceId === deviceId)
    if (own.length >= LISTENERS_PER_DEVICE_MAX) own[0]?.end()
    if (listeners.size >= LISTENERS_PER_FLEET_MAX) return null
    this.fleets.set(fleetId, listeners.set(listener, { deviceId, end }))
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0 || this.fleets.get(fleetId) !== listeners) return
      this.fleets.delete(fleetId)
      this.heads.delete(fleetId)
    }
  }

  /** Tells of streams that have grown past what was told of them before, by whom ever it was seen. */
  grown(fleetId: string, heads: ReadonlyMap<string, number>): void {
    const told = this.isListened(fleetId) ? (this.heads.get(fleetId) ?? new Map<string, number>()) : null
    if (!told) return
    this.heads.set(fleetId, told)
    const collections = [...heads.keys()].filter((name) => (heads.get(name) ?? 0) > (told.get(name) ?? -1))
    for (const name of collections) told.set(name, heads.get(name) ?? 0)
    if (collections.length === 0) return
    const listening = this.fleets.get(fleetId)?.size ?? 0
    const spreadMs = Math.round((listening / POKED_PER_SECOND_MAX) * 1_000)
    this.tell(fleetId, { event: 'poke', collections, spreadMs })
  }

  /** Tells a device's streams what waits for it; each stream tells a command once. */
  command(fleetId: string, deviceId: string, commands: readonly WireCommand[]): void {
    for (const command of commands) this.tell(fleetId, { event: 'command', deviceId, command })
  }

  tell(fleetId: string, poke: Poke): void {
    for (const listener of this.fleets.get(fleetId)?.keys() ?? []) listener(poke)
  }

  /** The devices whose streams of a fleet are open here. */
  devices(fleetId: string): readonly string[] {
    return [...new Set([...(this.fleets.get(fleetId)?.values() ?? [])].map((stream) => stream.deviceId))]
  }

  isListened(fleetId: string): boolean {
    return this.fleets.has(fleetId)
  }

  /** Fleets that someone listens to. */
  listened(): readonly string[] {
    return [...this.fleets.keys()]
  }
}
