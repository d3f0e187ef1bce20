import { TIER_KEPT_MS } from '#lib/rollups/bucket.ts'
import {
  ENROLL_REPEAT_MS,
  MUTATION_ID_LIFE_MS,
  OT_LOG_LIFE_MS,
  STORED_RESPONSE_LIFE_MS,
  TOMBSTONE_LIFE_MS,
} from '#lib/protocol/limits.ts'

const DAY_MS = 86_400_000

/** How long rows live that belong to no partition (TK5, ID1). */
export const KEEP_MS = {
  enrollment: ENROLL_REPEAT_MS,
  response: STORED_RESPONSE_LIFE_MS,
  tombstone: TOMBSTONE_LIFE_MS,
  base: TOMBSTONE_LIFE_MS,
  change: MUTATION_ID_LIFE_MS,
  failedTry: 30 * DAY_MS,
  otLog: OT_LOG_LIFE_MS,
  fullSync: DAY_MS,
  /** A running count that comes back later starts anew. */
  toldSeries: 2 * DAY_MS,
  /** As long as the hours that one would look at beside it. */
  incident: TIER_KEPT_MS.hour,
  /** Of each mutation that came back after a restore: longer than a device keeps what it sends again. */
  regained: 90 * DAY_MS,
  removedFleet: DAY_MS,
} as const

export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS)
export const dayStartMs = (day: number): number => day * DAY_MS

/** How far a person's `lastSeenMs` may lag behind: each request would write a row otherwise. */
export const LAST_SEEN_STEP_MS = 60_000
