import { describe, expect, it } from 'vitest'
import type { DeviceKey } from '#lib/application/devices/device-memory.ts'
import {
  CHARS_REMEMBERED_MAX,
  DEVICES_REMEMBERED_MAX,
  DeviceMemory,
  PLACE_KEPT_MS,
} from '#lib/application/devices/device-memory.ts'

const ROUND_MS = 60_000

const device = (number: number): DeviceKey => ({ fleetId: 'fleet', id: `${number}` })

/** Every device comes once, spread over a minute. @returns how many of them were remembered */
function round(memory: DeviceMemory<number>, clock: { nowMs: number }, devices: number): number {
  let met = 0
  for (let number = 0; number < devices; number++) {
    clock.nowMs += ROUND_MS / devices
    if (memory.get(device(number)) === number) met += 1
    else memory.set(device(number), number)
  }
  return met
}

const clockAt = (nowMs: number) => {
  const clock = { nowMs, now: () => clock.nowMs }
  return clock
}

describe('what is remembered of devices', () => {
  it('meets again as many as there are places, of one more and of twice as many that come in turn', () => {
    for (const devices of [DEVICES_REMEMBERED_MAX + 1, 2 * DEVICES_REMEMBERED_MAX]) {
      const clock = clockAt(0)
      const memory = new DeviceMemory<number>(clock)
      const met = [1, 2, 3].map(() => round(memory, clock, devices))
      expect(met).toEqual([0, DEVICES_REMEMBERED_MAX, DEVICES_REMEMBERED_MAX])
    }
  })

  it('gives the places of those that stay away to those that come', () => {
    const clock = clockAt(0)
    const memory = new DeviceMemory<number>(clock)
    round(memory, clock, DEVICES_REMEMBERED_MAX)
    clock.nowMs += PLACE_KEPT_MS - ROUND_MS
    const [used, newcomer] = [device(0), device(DEVICES_REMEMBERED_MAX)]
    expect(memory.get(used)).toBe(0)
    memory.set(newcomer, 1)
    expect(memory.get(newcomer)).toBeUndefined()
    clock.nowMs += ROUND_MS
    memory.set(newcomer, 1)
    expect([memory.get(newcomer), memory.get(used), memory.get(device(1))]).toEqual([1, 0, undefined])
  })

  it('holds so many characters and no more, whoever they are of', () => {
    const clock = clockAt(0)
    const memory = new DeviceMemory<string>(clock, (text) => text.length)
    const half = 'x'.repeat(CHARS_REMEMBERED_MAX / 2)
    const [first, second, third] = [device(1), device(2), device(3)]
    memory.set(first, half)
    memory.set(second, half)
    memory.set(third, 'y')
    expect([memory.get(first), memory.get(second), memory.get(third)]).toEqual([half, half, undefined])
    memory.set(first, 'shorter')
    memory.set(third, 'y')
    expect([memory.get(first), memory.get(second), memory.get(third)]).toEqual(['shorter', half, 'y'])
    memory.set(second, half + half)
    expect(memory.get(second)).toBeUndefined()
    expect(memory.get(first)).toBe('shorter')
  })

  it('keeps no old value of a device for whose new one there is no room, and none that is forgotten', () => {
    const memory = new DeviceMemory<string>(clockAt(0), (text) => text.length)
    memory.set(device(1), 'old')
    memory.set(device(1), 'x'.repeat(CHARS_REMEMBERED_MAX + 1))
    expect(memory.get(device(1))).toBeUndefined()
    memory.set(device(1), 'new')
    memory.forget(device(1))
    expect(memory.get(device(1))).toBeUndefined()
  })
})
