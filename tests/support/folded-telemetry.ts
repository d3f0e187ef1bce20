import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { fold } from '#lib/rollups/fold.ts'
import type { Collection, Storage } from '#lib/storage/ports.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'

/** A context whose storage can tell of these events' buckets and of nothing else: enough for the pillars. */
export function contextOf(
  events: readonly TelemetryEvent[],
  nowMs: number,
  { unfoldedMs = null, collections = [] }: { unfoldedMs?: number | null; collections?: readonly Partial<Collection>[] } = {},
): TelemetryContext {
  const all = fold(new Map(), events)
  const storage = {
    telemetry: {
      buckets: (_fleetId: string, tier: string, fromMs: number, toMs: number) =>
        Promise.resolve(all.filter(({ key }) => key.tier === tier && key.startMs >= fromMs && key.startMs < toMs)),
      oldestUnfoldedMs: () => Promise.resolve(unfoldedMs),
    },
    collections: { list: () => Promise.resolve(collections) },
  }
  return { storage: storage as unknown as Storage, clock: { now: () => nowMs } }
}
