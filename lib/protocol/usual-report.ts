import { isJsonObject } from '#lib/kernel/json.ts'
import type { DeviceReport } from './report.ts'
import { DEPTH_MAX } from './report.ts'
import { SESSION_STATES } from './session-states.ts'

const STATES: ReadonlySet<unknown> = new Set(SESSION_STATES)

/**
 * A device's report as nearly all polls carry it, read at once: what the schema (report.ts) makes of it, which takes some
 * ten times as long. Null for every other, which must ask the schema. A property test holds the two together.
 */
export function usualReport(value: unknown): DeviceReport | null {
  if (!isJsonObject(value)) return null
  const { state, seq, nonce, outbox, clock, ackCommands } = value
  if (!STATES.has(state) || !isCount(seq) || ackCommands !== undefined) return null
  if (typeof nonce !== 'string' || nonce.length < 1 || nonce.length > 64) return null
  // An outbox that waits has times and counts by collection.
  if (!isJsonObject(outbox) || !isOnly(outbox, 'depth') || !isCount(outbox['depth'])) return null
  if (outbox['depth'] > DEPTH_MAX) return null
  const named = state as DeviceReport['state']
  const depth = { depth: outbox['depth'] }
  if (clock === undefined) return { state: named, seq, nonce, outbox: depth }
  if (!isJsonObject(clock) || !isMeasured(clock['offsetMs']) || !isMeasured(clock['rttMs'])) return null
  if (clock['rttMs'] < 0) return null
  const { offsetMs, rttMs } = clock
  const measured = { offsetMs: Math.round(offsetMs), rttMs: Math.round(rttMs) }
  return { state: named, seq, nonce, outbox: depth, clock: measured }
}

const isOnly = (object: object, name: string): boolean => {
  for (const key in object) if (key !== name) return false
  return true
}
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isMeasured = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER
