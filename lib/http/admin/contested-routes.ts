import { conflictHeat } from '#lib/application/pillars/conflict-heat.ts'
import { friction } from '#lib/application/pillars/friction.ts'
import { fieldHeatQueryOf } from './query.ts'
import { nowOf, read } from './route-rows.ts'
import type { AdminRoute } from './table.ts'

/** Rows of the route table about contested fields and the friction that they indicate. */
export const CONTESTED_ROUTES: readonly AdminRoute[] = [
  read('/pillars/conflicts/fields', 'viewer', (call) =>
    conflictHeat(call.ctx, fieldHeatQueryOf(call.fleetId, call.query, nowOf(call))),
  ),
  read('/pillars/conflicts/friction', 'viewer', async (call) => {
    const query = fieldHeatQueryOf(call.fleetId, call.query, nowOf(call))
    return friction(call.ctx, query, await conflictHeat(call.ctx, query))
  }),
]
