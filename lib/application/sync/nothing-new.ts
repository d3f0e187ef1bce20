import type { Positions } from '#lib/engine/token.ts'
import { positionOf } from '#lib/engine/token.ts'
import type { Fleet } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'

/**
 * Whether a device that has read all of these collections has missed nothing, by where their streams are known to stand
 * (TK8). False says only that the database has to be asked.
 */
export async function isNothingNew(
  ctx: Pick<Context, 'heads'>,
  fleet: Fleet,
  names: readonly string[],
  positions: Positions,
): Promise<boolean> {
  if (!names.every((name) => positionOf(positions, name)?.snapshot === null)) return false
  const heads = await ctx.heads.of(fleet)
  if (!heads || heads.epoch !== fleet.epoch) return false
  return names.every((name) => {
    const version = positionOf(positions, name)?.version ?? 0
    return heads.versions.get(name) === version && version >= (heads.purged.get(name) ?? 0)
  })
}
