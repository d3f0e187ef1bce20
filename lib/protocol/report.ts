import { z } from 'zod'
import { COLLECTIONS_REPORTED_MAX } from './limits.ts'
import { isoTime, measuredMs, orNull, uuid } from './mutation.ts'
import { SESSION_STATES } from './session-states.ts'

/** More changes than any device can hold: a greater number is a mistake, and would drown everyone else's. */
export const DEPTH_MAX = 10_000_000
const count = z.int().min(0)
const depth = count.max(DEPTH_MAX)
const byCollection = z
  .record(z.string().max(64), depth)
  .refine((counts) => Object.keys(counts).length <= COLLECTIONS_REPORTED_MAX, 'names too many collections')

/** A device's own account, carried by push, pull (as a header) and heartbeat. */
export const deviceReport = z.object({
  state: z.enum(SESSION_STATES),
  seq: count,
  nonce: z.string().min(1).max(64),
  outbox: z.object({
    depth,
    oldestMadeAt: orNull(isoTime),
    oldestOffsetMs: orNull(measuredMs),
    byCollection: orNull(byCollection),
  }),
  clock: orNull(
    z.object({ offsetMs: measuredMs.transform(Math.round), rttMs: measuredMs.min(0).transform(Math.round) }),
  ),
  ackCommands: orNull(z.array(uuid).max(100)),
})
export type DeviceReport = z.infer<typeof deviceReport>
