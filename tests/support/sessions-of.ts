import type { SessionFilter } from '#lib/storage/ports.ts'

/** The sessions of a device that ended until a while from now. */
export const sessionsOfDevice = (deviceId: string, aheadMs = 1_000): SessionFilter => ({
  fromMs: 0,
  toMs: Date.now() + aheadMs,
  conditions: [{ kind: 'is', key: 'device', not: false, values: [deviceId] }],
})
