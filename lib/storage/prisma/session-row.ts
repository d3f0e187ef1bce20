import type { Platform } from '#lib/protocol/device.ts'
import type { SessionRow } from '../ports.ts'
import type { SyncSession } from './generated/client.ts'
import { originalText } from './storable-text.ts'
import { fromJson, ms } from './values.ts'

/** Optional fields of a report: kept as JSON, since they may hold what no text column takes. */
export type SessionExtras = Pick<SessionRow, 'fullReason' | 'oldestPendingAt' | 'stateHash' | 'localRefusals'>

export const extrasOf = (row: SessionRow): SessionExtras => ({
  ...(row.fullReason === undefined ? {} : { fullReason: row.fullReason }),
  ...(row.oldestPendingAt === undefined ? {} : { oldestPendingAt: row.oldestPendingAt }),
  ...(row.stateHash === undefined ? {} : { stateHash: row.stateHash }),
  ...(row.localRefusals === undefined ? {} : { localRefusals: row.localRefusals }),
})

const numberOrNull = (value: bigint | null): number | null => (value === null ? null : Number(value))

export function sessionOf(row: SyncSession): SessionRow {
  return {
    ...fromJson<SessionExtras>(row.extras),
    fleetId: row.fleetId,
    sessionId: row.sessionId,
    deviceId: row.deviceId,
    deviceName: originalText(row.deviceName),
    platform: row.platform as Platform,
    appVersion: originalText(row.appVersion),
    mode: row.mode as SessionRow['mode'],
    result: row.result as SessionRow['result'],
    startedAtMs: ms(row.startedAt),
    endedAtMs: ms(row.endedAt),
    offsetMs: Number(row.offsetMs),
    receivedAtMs: ms(row.receivedAt),
    pushed: numberOrNull(row.pushed),
    pulled: numberOrNull(row.pulled),
    conflicts: numberOrNull(row.conflicts),
    deadLettered: numberOrNull(row.deadLettered),
    queueDepthBefore: numberOrNull(row.queueDepthBefore),
    queueDepthAfter: numberOrNull(row.queueDepthAfter),
    illegalTransitions: row.illegalTransitions,
    inferred: row.inferred,
    ...(row.source === null ? {} : { source: originalText(row.source) }),
    transitions: fromJson<SessionRow['transitions']>(row.transitions),
    attempts: fromJson<SessionRow['attempts']>(row.attempts),
  }
}
