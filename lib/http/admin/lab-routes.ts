import { getLabRun, listLabRuns } from '#lib/application/lab/list-lab-runs.ts'
import { getLabWeights, setLabWeights } from '#lib/application/lab/lab-weights.ts'
import { startLabRun } from '#lib/application/lab/start-lab-run.ts'
import { stopLabRun } from '#lib/application/lab/stop-lab-run.ts'
import { act, change, idOf, input, operate, read } from './route-rows.ts'
import type { AdminRoute } from './table.ts'

/** Rows of the route table about the strategy lab. */
export const LAB_ROUTES: readonly AdminRoute[] = [
  read('/lab/runs', 'viewer', (call) => listLabRuns(call.ctx, { ...input(call), query: call.query })),
  operate('POST', '/lab/runs', (call) => startLabRun(call.ctx, input(call))),
  read('/lab/runs/:id', 'viewer', (call) => getLabRun(call.ctx, { ...input(call), id: idOf(call) })),
  act('/lab/runs/:id/stop', 'operator', (call) => stopLabRun(call.ctx, { ...input(call), id: idOf(call) })),
  read('/collections/:id/lab-weights', 'viewer', (call) =>
    getLabWeights(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  change('PATCH', '/collections/:id/lab-weights', (call) =>
    setLabWeights(call.ctx, { ...input(call), id: idOf(call) }),
  ),
]
