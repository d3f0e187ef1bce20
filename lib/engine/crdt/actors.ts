import { parseHlc } from '#lib/kernel/hlc.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import { CLOCK_AHEAD_MAX_MS } from '#lib/protocol/limits.ts'
import { parseDot } from './dots.ts'

export type ActorIssue = {
  readonly code: 'foreign_actor' | 'clock_out_of_bounds'
  readonly detail: string
}

/**
 * Dots that are added, totals and register stamps must name the device that sends them, and stamps keep to the 5 min
 * bound. A removal names the dots that it saw, whoever's they are. What can't be read is judged
 * with the record.
 */
export function checkActors(
  changes: readonly CrdtChange[],
  deviceId: string,
  nowMs: number,
): ActorIssue | null {
  for (const change of changes) {
    const stranger = namesAnother(change, deviceId)
    if (stranger)
      return { code: 'foreign_actor', detail: `${change.kind} at ${change.path} names another device` }
    const stamp = change.kind === 'lww-register' ? parseHlc(change.hlc) : null
    const aheadMs = stamp?.ok ? stamp.value.wallMs - nowMs : 0
    if (aheadMs > CLOCK_AHEAD_MAX_MS)
      return { code: 'clock_out_of_bounds', detail: `register stamped ${aheadMs} ms ahead of the server` }
  }
  return null
}

function namesAnother(change: CrdtChange, deviceId: string): boolean {
  switch (change.kind) {
    case 'g-counter':
      return hasAnother(change.state, deviceId)
    case 'pn-counter':
      return hasAnother(change.state.p ?? {}, deviceId) || hasAnother(change.state.n ?? {}, deviceId)
    case 'or-set':
      return (change.add ?? []).some(({ dot }) => (parseDot(dot)?.deviceId ?? deviceId) !== deviceId)
    case 'lww-register': {
      const stamp = parseHlc(change.hlc)
      return !stamp.ok || stamp.value.deviceId !== deviceId
    }
    case 'text':
      return false
  }
}

const hasAnother = (totals: object, deviceId: string): boolean =>
  Object.keys(totals).some((id) => id !== deviceId)
