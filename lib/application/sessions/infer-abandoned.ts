import type { Context } from '../context.ts'

/** A push whose session is not reported within this was abandoned (protocol.md, sessions). */
export const REPORT_WAIT_MS = 86_400_000
const SESSIONS_PER_RUN_MAX = 500

/** Makes inferred sessions of old pushes without a report, in every fleet. Returns how many. */
export async function inferAbandoned(ctx: Pick<Context, 'storage' | 'clock'>): Promise<number> {
  const nowMs = ctx.clock.now()
  let inferred = 0
  for (const { id } of await ctx.storage.fleets.list()) {
    inferred += await ctx.storage.sessions.inferAbandoned(
      id,
      nowMs - REPORT_WAIT_MS,
      nowMs,
      SESSIONS_PER_RUN_MAX,
    )
  }
  return inferred
}
