import { z } from 'zod'
import { isoTime, uuid } from './mutation.ts'
import { SESSION_STATES } from './session-states.ts'

const count = z.int().min(0)

/** A device's own account, carried by push, pull (as a header) and heartbeat (protocol.md, device API). */
export const deviceReport = z.object({
  state: z.enum(SESSION_STATES),
  seq: count,
  nonce: z.string().min(8).max(64),
  outbox: z.object({
    depth: count,
    oldestMadeAt: isoTime.optional(),
    oldestOffsetMs: z.int().optional(),
    byCollection: z.record(z.string(), count).optional(),
  }),
  clock: z.object({ offsetMs: z.int(), rttMs: count }).optional(),
  ackCommands: z.array(uuid).max(100).optional(),
})
export type DeviceReport = z.infer<typeof deviceReport>
