import type { Device } from '#lib/storage/ports.ts'
import { isWithin } from '../is-within.ts'
import type { Clock } from '../surroundings.ts'

/** Devices that one memory holds. */
export const DEVICES_REMEMBERED_MAX = 20_000
/** Characters of the texts among them. */
export const CHARS_REMEMBERED_MAX = 32 * 1024 * 1024
/** How long a device that isn't met keeps its place from others: most come once a minute. */
export const PLACE_KEPT_MS = 5 * 60_000

/** A device as it is told apart from all others: the same id may be in two fleets. */
export type DeviceKey = Pick<Device, 'fleetId' | 'id'>
export const deviceKey = ({ fleetId, id }: DeviceKey): string => `${fleetId}/${id}`

/** Met again within so long, a device keeps its place in the order. */
const SAME_PLACE_MS = 1_000

interface Kept<T> {
  readonly value: T
  readonly chars: number
  metAtMs: number
}

/**
 * What this process remembers of the devices that it meets, never the truth. When it is full, those that come often keep
 * their places and the others are not remembered: if the longest unmet made room, devices that come in turn, one more
 * than there are places, would none be met again.
 */
export class DeviceMemory<T> {
  private readonly clock: Clock
  private readonly charsOf: (value: T) => number
  /** In the order in which they were met last, to a second. */
  private readonly devices = new Map<string, Kept<T>>()
  private chars = 0

  constructor(clock: Clock, charsOf: (value: T) => number = () => 0) {
    this.clock = clock
    this.charsOf = charsOf
  }

  get(device: DeviceKey): T | undefined {
    const key = deviceKey(device)
    const kept = this.devices.get(key)
    if (!kept) return undefined
    const nowMs = this.clock.now()
    if (isWithin(kept.metAtMs, nowMs, SAME_PLACE_MS)) return kept.value
    kept.metAtMs = nowMs
    this.devices.delete(key)
    this.devices.set(key, kept)
    return kept.value
  }

  /** Instead of what was remembered of this device, as far as there is room. */
  set(device: DeviceKey, value: T): void {
    this.forget(device)
    const chars = this.charsOf(value)
    if (!this.makeRoom(chars)) return
    this.devices.set(deviceKey(device), { value, chars, metAtMs: this.clock.now() })
    this.chars += chars
  }

  forget(device: DeviceKey): void {
    this.drop(deviceKey(device))
  }

  private makeRoom(chars: number): boolean {
    for (const [key, { metAtMs }] of this.devices) {
      if (this.hasRoom(chars)) return true
      if (isWithin(metAtMs, this.clock.now(), PLACE_KEPT_MS)) return false
      this.drop(key)
    }
    return this.hasRoom(chars)
  }

  private hasRoom(chars: number): boolean {
    return this.devices.size < DEVICES_REMEMBERED_MAX && this.chars + chars <= CHARS_REMEMBERED_MAX
  }

  private drop(key: string): void {
    this.chars -= this.devices.get(key)?.chars ?? 0
    this.devices.delete(key)
  }
}
