import { conflictHeat } from '#lib/application/pillars/conflict-heat.ts'
import { friction } from '#lib/application/pillars/friction.ts'
import type { Visit } from '../viewer.ts'
import { frictionLine, worstFriction } from './friction-words.ts'

type At = Pick<Visit, 'ctx' | 'fleet' | 'span'>
type Part = Partial<Record<'collection' | 'platform' | 'source' | 'appVersion', string>>

/** The contested fields of a part of the fleet in the time shown, and the friction that they indicate. */
export async function readContested({ ctx, fleet, span }: At, part: Part) {
  const query = { fleetId: fleet.id, fromMs: span.fromMs, toMs: span.toMs, ...part }
  const heat = await conflictHeat(ctx, query)
  return { heat, friction: await friction(ctx, query, heat) }
}

/** The worst friction of the fleet in a line, and its collection; null for none. Pages that are made often ask no more. */
export async function readFrictionLine({ ctx, fleet, span }: At) {
  const query = { fleetId: fleet.id, fromMs: span.fromMs, toMs: span.toMs }
  const found = await friction(ctx, query, await conflictHeat(ctx, query), false)
  const worst = worstFriction(found)
  return worst === null ? null : { collection: worst.collection, line: frictionLine(worst) }
}
