import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Random } from '#lib/kernel/random.ts'
import type { VirtualTime } from './virtual-time.ts'
import { cancel } from './virtual-time.ts'

/** The run that the process is in: it has one at a time. */
export interface Sealing {
  readonly time: VirtualTime
  readonly random: Random
  /** Unix milliseconds of the run's beginning. */
  readonly startMs: number
}

let current: Sealing | null = null

/** From here to the next call, whatever asks the platform for time or chance gets the run's. */
export const sealInto = (sealing: Sealing): void => void (current = sealing)

function inRun(name: string): Sealing {
  if (!current) throw new Error(`${name} outside a run`)
  return current
}

function bytesInto<T extends ArrayBufferView>(name: string, array: T): T {
  const { random } = inRun(name)
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256)
  return array
}

/**
 * Takes the real clock, timers and chance away from this process for good. What is passed as an argument everywhere is
 * not met here; credentials, and the pauses of group commit, are.
 */
export function sealProcess(): void {
  Date.now = () => {
    const { startMs, time } = inRun('Date.now')
    return startMs + time.elapsedMs
  }
  Math.random = () => inRun('Math.random').random()
  const later = (run: () => void, ms = 0): unknown => inRun('setTimeout').time.after(ms, run)
  Object.assign(globalThis, {
    setTimeout: later,
    clearTimeout: cancel,
    setInterval: () => {
      throw new Error('setInterval in a run')
    },
  })
  const randomBytes = (size: number): Buffer => bytesInto('randomBytes', Buffer.alloc(size))
  const randomUUID = (): string => {
    throw new Error('randomUUID in a run')
  }
  Object.assign(crypto, { randomBytes, randomUUID })
  syncBuiltinESMExports()
  const getRandomValues = <T extends ArrayBufferView>(array: T): T => bytesInto('getRandomValues', array)
  Object.defineProperty(globalThis.crypto, 'getRandomValues', { value: getRandomValues })
}
