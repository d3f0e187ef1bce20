import { conflictHeat } from '#lib/application/pillars/conflict-heat.ts'
import { friction } from '#lib/application/pillars/friction.ts'
import type { Visit } from '../viewer.ts'

type Part = Partial<Record<'collection' | 'platform' | 'source' | 'appVersion', string>>

/** The contested fields of a part of the fleet in the time shown, and the friction that they indicate. */
export async function readContested(
  { ctx, fleet, span }: Pick<Visit, 'ctx' | 'fleet' | 'span'>,
  part: Part = {},
) {
  const query = { fleetId: fleet.id, fromMs: span.fromMs, toMs: span.toMs, ...part }
  const heat = await conflictHeat(ctx, query)
  return { heat, friction: await friction(ctx, query, heat) }
}
