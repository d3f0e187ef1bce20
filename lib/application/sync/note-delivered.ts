import { clampLag } from '#lib/engine/clock-offset.ts'
import type { Positions } from '#lib/engine/token.ts'
import { encodeSketch, sketchOf } from '#lib/rollups/sketch.ts'
import type { DeliveredRange, Device, Fleet } from '#lib/storage/ports.ts'
import type { DeliveryEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import type { Context } from '../context.ts'

type App = Pick<Device, 'appVersion' | 'platform'>
interface Shower {
  readonly device: Device
  readonly fleet: Pick<Fleet, 'epoch'>
  readonly app: App
}

/**
 * A device shows by its token what it holds: that is when a change is delivered to it.
 * Nothing is written while the positions are those it showed before; each slice moves them on, so the loop ends.
 */
export async function noteDelivered(
  ctx: Context,
  { device, fleet, app }: Shower,
  positions: Positions,
): Promise<void> {
  if (!ctx.shownPositions.isNews(device, positions)) return
  const atMs = ctx.clock.now()
  const firstComplete = Object.keys(positions).filter((name) => positions[name]?.snapshot === null)
  const counted = { ...app, appVersion: ctx.requests.liveVersion(device.fleetId, app.appVersion) }
  let more = true
  while (more) {
    let told: readonly TelemetryEvent[] = []
    const describe = (ranges: readonly DeliveredRange[]): readonly TelemetryEvent[] =>
      (told = deliveryEvents(ctx.ids(), device.id, counted, ranges, atMs))
    const slice = await ctx.storage.sync.deliver(device.fleetId, {
      deviceId: device.id,
      epoch: fleet.epoch,
      positions: versionsOf(positions),
      before: versionsOf(ctx.shownPositions.of(device) ?? {}),
      firstComplete,
      atMs,
      describe,
    })
    for (const event of told) ctx.metrics.observeEvent(device.fleetId, event)
    more = slice.more
  }
  ctx.shownPositions.remember(device, positions)
}

const versionsOf = (positions: Positions): ReadonlyMap<string, number> =>
  new Map(Object.entries(positions).map(([name, { version }]) => [name, version]))

/** One event for what one transaction moved; none when no change by another device was in it. */
function deliveryEvents(
  id: string,
  deviceId: string,
  app: App,
  ranges: readonly DeliveredRange[],
  atMs: number,
): readonly TelemetryEvent[] {
  const collections: DeliveryEvent['collections'] = Object.fromEntries(
    ranges
      .filter(({ changes }) => changes.length > 0)
      .map(({ collection, changes }) => {
        const delivery = changes.map(({ committedAtMs }) => clampLag(committedAtMs, atMs).lagMs)
        const visibility = changes.map(({ madeAtMs }) => clampLag(madeAtMs, atMs).lagMs)
        const deliveryLag = encodeSketch(sketchOf(delivery))
        const visibilityLag = encodeSketch(sketchOf(visibility))
        return [collection, { count: changes.length, deliveryLag, visibilityLag }]
      }),
  )
  if (Object.keys(collections).length === 0) return []
  const { platform, appVersion } = app
  return [{ id, atMs, payload: { kind: 'delivery', deviceId, platform, appVersion, collections } }]
}
