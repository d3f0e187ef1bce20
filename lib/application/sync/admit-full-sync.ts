import { PULL_CHANGES_MAX } from '#lib/protocol/limits.ts'
import type { Device, Fleet } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { headsOnly, NO_RECORDS } from './stream-heads.ts'

/** Full syncs of a fleet that may start in a minute, and at once after a pause; the rest waits in line (TK7). */
export const FULL_SYNCS_PER_MINUTE = 300
export const FULL_SYNCS_BURST = 100
/** What fits on one page costs no more than any pull and waits for nobody. */
const PAGE_MAX = PULL_CHANGES_MAX
/** A turn that was not taken ends after this; the device then stands in line again. */
const TURN_GRACE_MS = 10 * 60_000
const MINUTE_MS = 60_000
/** A device asks again at its turn, but not rarer than this, so that it sees its place. */
const ASK_AGAIN_MAX_MS = 60_000
const ASK_AGAIN_MIN_MS = 1_000

export interface Admission {
  readonly queued: ReadonlySet<string>
  /** Null when nothing has to wait. */
  readonly turn: { readonly place: number; readonly retryAfterMs: number } | null
}

const NOTHING_QUEUED: Admission = { queued: new Set(), turn: null }

/**
 * Which of the collections that this device starts from the beginning have to wait for its turn: one queue a fleet
 * over all processes. Those that fit a page never wait.
 */
export async function admitFullSync(
  ctx: Pick<Context, 'storage' | 'clock'>,
  device: Device,
  fleet: Fleet,
  starting: readonly string[],
): Promise<Admission> {
  if (starting.length === 0) return NOTHING_QUEUED
  const reads = headsOnly(starting)
  const { heads } = await ctx.storage.sync.pull(fleet.id, reads, NO_RECORDS)
  const large = starting.filter((name) => (heads.get(name) ?? 0) > PAGE_MAX)
  if (large.length === 0) return NOTHING_QUEUED
  const { perMinute, burst } = fleet.settings.fullSyncs ?? {
    perMinute: FULL_SYNCS_PER_MINUTE,
    burst: FULL_SYNCS_BURST,
  }
  const nowMs = ctx.clock.now()
  const pace = { nowMs, intervalMs: MINUTE_MS / perMinute, burst, graceMs: TURN_GRACE_MS }
  const { admitAtMs, place } = await ctx.storage.sync.admitFullSync(fleet.id, device.id, pace)
  if (admitAtMs <= nowMs) return NOTHING_QUEUED
  const waitMs = Math.min(Math.max(Math.ceil(admitAtMs - nowMs), ASK_AGAIN_MIN_MS), ASK_AGAIN_MAX_MS)
  return { queued: new Set(large), turn: { place, retryAfterMs: waitMs } }
}
