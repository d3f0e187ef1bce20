import { isAmong } from '#lib/query/field.ts'
import { asks } from '#lib/query/letter-fields.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import type { Context } from '#lib/application/context.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { replaySchemaAhead } from '#lib/application/dead-letters/replay-schema-ahead.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import { Chance } from '../world/chance.ts'
import { widened } from '../world/collections.ts'
import type { Stage } from './execute.ts'

const PAGE = { limit: 200, cursor: null }
const ALL = { conditions: [isAmong('status' as const, 'open')], sort: 'newest' } as const

/** Somebody at the desk decides all open conflicts, and replays or discards the open dead letters. Gives how many. */
export async function clearDesk(stage: Stage): Promise<number> {
  const { world } = stage
  const ctx = world.servers()[0]?.ctx
  if (!ctx) return 0
  const chance = new Chance(world.plan.seed, 'desk')
  const { fleetId } = world
  await replaySchemaAhead(ctx, fleetId)
  const conflicts = (await ctx.storage.conflicts.list(fleetId, ALL, PAGE)).items
  for (const conflict of conflicts) {
    const record = await ctx.storage.sync.getRecord(fleetId, conflict.collection, conflict.recordId)
    const choice = chance.pick(['mine', 'theirs'] as const)
    const body = { choice, version: record?.version ?? 0 }
    const decide = (body: object): Promise<unknown> =>
      resolveConflict(ctx, { actor: SYSTEM, fleetId, id: conflict.id, body })
    // What is no document by itself, a patch without its base, can't be kept.
    const decided = decide(body).catch((error: unknown) => {
      if (!isApplicationError(error) || error.tidemarkCode !== 'resolution_refused') throw error
      return decide({ ...body, choice: 'theirs' })
    })
    await tolerated(stage, decided)
  }
  const letters = (
    await ctx.storage.deadLetters.list(fleetId, { conditions: [asks('status', 'open')] }, PAGE)
  ).items
  if (letters.length > 0 && chance.hits(0.5)) await tolerated(stage, mendCause(ctx, fleetId))
  for (const { id } of letters) await tolerated(stage, settleLetter(ctx, fleetId, id, chance))
  return conflicts.length + letters.length
}

/** A device whose operator went home stays paused otherwise. */
export async function resumePaused({ world }: Stage): Promise<void> {
  const ctx = world.servers()[0]?.ctx
  const { fleetId } = world
  for (const { id, status } of (await ctx?.storage.devices.byId(fleetId, null, PAGE.limit)) ?? [])
    if (ctx && status === 'paused')
      await commandDevice(ctx, { actor: SYSTEM, fleetId, id, body: { type: 'resume' } })
}

/** What ended as letters fits from now on: it applies, or meets what others did since, and a person decides (DL6). */
async function mendCause(ctx: Context, fleetId: string): Promise<void> {
  const notes = (await ctx.storage.collections.list(fleetId)).find(({ name }) => name === 'notes')
  if (!notes) return
  const { id, version, schemaVersion } = notes
  const body = { version, schema: widened(schemaVersion, ['string', 'integer']) }
  await publishCollection(ctx, { actor: SYSTEM, fleetId, id, body })
}

async function settleLetter(ctx: Context, fleetId: string, id: string, chance: Chance): Promise<void> {
  if (chance.hits(0.5)) await replay(ctx, { actor: SYSTEM, fleetId, id, body: {} })
  if ((await ctx.storage.deadLetters.get(fleetId, id))?.status !== 'open') return
  await discard(ctx, { actor: SYSTEM, fleetId, id, body: { reason: 'simulated' } })
}

/** One that was closed along with another is no longer open; everything else is a defect. */
async function tolerated({ ledger }: Stage, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    const code = isApplicationError(error) ? error.tidemarkCode : null
    if (code === 'not_replayable' || code === 'stale_version') return
    ledger.blame('T', `the desk failed: ${error instanceof Error ? error.stack : String(error)}`)
  }
}
