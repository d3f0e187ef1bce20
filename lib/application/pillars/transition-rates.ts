import type { TelemetryContext } from '#lib/application/telemetry/context.ts'

const WINDOW_MS = 5 * 60_000
/** More sessions than this in five minutes are not counted on a page's request. */
const SESSIONS_MAX = 500

/**
 * Transitions per minute by `from>to` over the last 5 minutes, by the devices' corrected clocks, from the
 * sessions reported so far: those still running are not in it. Null when there are too many to count.
 */
export async function transitionRates(
  ctx: TelemetryContext,
  fleetId: string,
  nowMs: number,
): Promise<Readonly<Record<string, number>> | null> {
  const fromMs = nowMs - WINDOW_MS
  const anything = {
    deviceId: null,
    result: null,
    appVersion: null,
    platform: null,
    withConflicts: false,
    withDeadLetters: false,
  }
  const page = await ctx.storage.sessions.list(
    fleetId,
    { fromMs, toMs: nowMs, ...anything },
    { limit: SESSIONS_MAX, cursor: null },
  )
  if (page.next !== null) return null
  const counts: Record<string, number> = {}
  for (const { transitions, offsetMs } of page.items) {
    for (const { from, to, at } of transitions) {
      const atMs = Date.parse(at) + offsetMs
      if (atMs >= fromMs && atMs < nowMs) counts[`${from}>${to}`] = (counts[`${from}>${to}`] ?? 0) + 1
    }
  }
  const perMinute = (count: number): number => (count * 60_000) / WINDOW_MS
  return Object.fromEntries(Object.entries(counts).map(([edge, count]) => [edge, perMinute(count)]))
}
