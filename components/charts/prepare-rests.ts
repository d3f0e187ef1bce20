import type { SessionSegment } from '#components/charts/prepare-lanes.ts'
import type { SessionState } from '#lib/engine/session-machine.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'

/** A session's stays, and the state in which it came to rest; null where nobody told it. */
export interface Run {
  readonly segments: readonly SessionSegment[]
  readonly rest: { readonly state: SessionState; readonly atMs: number } | null
}

/**
 * The stays of a device over its sessions, with its rests between them. A rest that is longer than silence may be isn't known
 * to be one, and stays empty (SM7). Pure. @param runs oldest first
 */
export function withRests(runs: readonly Run[], intervalMs: number): readonly SessionSegment[] {
  return runs.flatMap(({ segments, rest }, index) => {
    const next = runs[index + 1]?.segments[0]
    if (rest === null || next === undefined) return segments
    const ms = next.startMs - rest.atMs
    return ms <= 0 || ms > silenceLimitMs(intervalMs)
      ? segments
      : [...segments, { state: rest.state, startMs: rest.atMs, ms }]
  })
}
