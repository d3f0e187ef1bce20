import { createOperation } from '#lib/application/operations/create-operation.ts'
import {
  getOperation,
  listOperationItems,
  listOperations,
} from '#lib/application/operations/list-operations.ts'
import { previewFilter, previewOperation } from '#lib/application/operations/preview-operation.ts'
import { changeRate, turnOperation } from '#lib/application/operations/turn-operation.ts'
import { exportOperation } from './export-lists.ts'
import { act, idOf, input, operate, read } from './route-rows.ts'
import type { AdminRoute } from './table.ts'

const turn = (event: 'start' | 'pause' | 'resume' | 'cancel'): AdminRoute =>
  act(`/operations/:id/${event}`, 'operator', (call) =>
    turnOperation(call.ctx, event, { ...input(call), id: idOf(call) }),
  )

/** Rows of the route table about bulk actions over dead letters. */
export const OPERATION_ROUTES: readonly AdminRoute[] = [
  act('/operations/preview', 'operator', (call) => previewFilter(call.ctx, input(call))),
  read('/operations', 'viewer', (call) => listOperations(call.ctx, { ...input(call), query: call.query })),
  operate('POST', '/operations', (call) => createOperation(call.ctx, input(call))),
  read('/operations/:id', 'viewer', (call) => getOperation(call.ctx, { ...input(call), id: idOf(call) })),
  read('/operations/:id/items', 'viewer', (call) =>
    listOperationItems(call.ctx, { ...input(call), id: idOf(call), query: call.query }),
  ),
  read('/operations/:id/export', 'viewer', exportOperation),
  act('/operations/:id/preview', 'operator', (call) =>
    previewOperation(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  turn('start'),
  turn('pause'),
  turn('resume'),
  turn('cancel'),
  act('/operations/:id/rate', 'operator', (call) => changeRate(call.ctx, { ...input(call), id: idOf(call) })),
]
