import type { Random } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Identity } from './tables.ts'

/** A device that the server has not met; with an id where the app names one. */
export const newIdentity = (deviceId: string | undefined, nowMs: number, random: Random): Identity => ({
  deviceId: deviceId ?? uuidv7(nowMs, random),
  enrollRequestId: uuidv7(nowMs, random),
  fleetId: null,
  epoch: null,
  token: null,
})
