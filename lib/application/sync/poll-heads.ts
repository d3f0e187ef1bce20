import type { Context } from '../context.ts'
import { wireCommands } from '../devices/wire-commands.ts'
import { headsOnly, NO_RECORDS } from './stream-heads.ts'

/** Devices of one fleet whose waiting commands are told again in one turn. */
const COMMANDED_MAX = 1_000

/**
 * Looks for changes and commands that other processes committed, in the fleets whose devices hold a stream open here, and
 * whether those devices still may.
 */
export async function pollHeads(ctx: Pick<Context, 'storage' | 'pokes' | 'clock'>): Promise<void> {
  for (const fleetId of ctx.pokes.listened()) {
    const listening = ctx.pokes.devices(fleetId)
    const fleet = await ctx.storage.fleets.get(fleetId)
    const standings = fleet
      ? await ctx.storage.devices.standings(fleetId, listening)
      : new Map<string, never>()
    const of = new Map(listening.map((deviceId) => [deviceId, standings.get(deviceId) ?? null]))
    ctx.pokes.tell(fleetId, { event: 'standings', of })
    if (!fleet) continue
    const collections = await ctx.storage.collections.list(fleetId)
    const reads = headsOnly(collections.map(({ name }) => name))
    const { heads } = await ctx.storage.sync.pull(fleetId, reads, NO_RECORDS)
    ctx.pokes.grown(fleetId, heads)
    const nowMs = ctx.clock.now()
    for (const device of await ctx.storage.devices.commanded(fleetId, nowMs, COMMANDED_MAX))
      ctx.pokes.command(fleetId, device.id, wireCommands(device, nowMs))
  }
}
