import type { Context } from '../context.ts'
import { inEachFleet } from '../fleets/in-each-fleet.ts'
import { AGAIN } from '../periodic.ts'

/** A push whose session is not reported within this was abandoned. */
export const REPORT_WAIT_MS = 86_400_000
export const SESSIONS_PER_RUN_MAX = 500

/** Makes inferred sessions of old pushes without a report, in every fleet. AGAIN when some fleet has more of them. */
export async function inferAbandoned(
  ctx: Pick<Context, 'storage' | 'clock'>,
): Promise<typeof AGAIN | undefined> {
  const nowMs = ctx.clock.now()
  let more = false
  await inEachFleet(ctx, async (fleetId) => {
    const { sessions } = ctx.storage
    const made = await sessions.inferAbandoned(fleetId, nowMs - REPORT_WAIT_MS, nowMs, SESSIONS_PER_RUN_MAX)
    more ||= made >= SESSIONS_PER_RUN_MAX
  })
  return more ? AGAIN : undefined
}
