import { annotateConflict } from '#lib/application/conflicts/annotate-conflict.ts'
import {
  conflictFacets,
  conflictGroups,
  conflictPairs,
  listConflicts,
} from '#lib/application/conflicts/list-conflicts.ts'
import { previewByRule } from '#lib/application/conflicts/preview-by-rule.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { settleTimes } from '#lib/application/conflicts/settle-times.ts'
import { showConflict } from '#lib/application/conflicts/show-conflict.ts'
import { exportConflicts } from './export-lists.ts'
import { act, idOf, input, operate, read } from './route-rows.ts'
import type { AdminRoute } from './table.ts'

/** Rows of the route table about conflicts. */
export const CONFLICT_ROUTES: readonly AdminRoute[] = [
  read('/conflicts', 'viewer', (call) => listConflicts(call.ctx, { ...input(call), query: call.query })),
  read('/conflicts/facets', 'viewer', (call) =>
    conflictFacets(call.ctx, { ...input(call), query: call.query }),
  ),
  read('/conflicts/groups', 'viewer', (call) =>
    conflictGroups(call.ctx, { ...input(call), query: call.query }),
  ),
  read('/conflicts/pairs', 'viewer', (call) =>
    conflictPairs(call.ctx, { ...input(call), query: call.query }),
  ),
  read('/conflicts/settled', 'viewer', (call) =>
    settleTimes(call.ctx, { ...input(call), query: call.query }),
  ),
  read('/conflicts/export', 'viewer', exportConflicts),
  act('/conflicts/by-rule/preview', 'operator', (call) => previewByRule(call.ctx, input(call))),
  act('/conflicts/by-rule', 'operator', (call) => resolveByRule(call.ctx, input(call))),
  read('/conflicts/:id', 'viewer', (call) => showConflict(call.ctx, { ...input(call), id: idOf(call) })),
  operate('PATCH', '/conflicts/:id', (call) =>
    annotateConflict(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  act('/conflicts/:id/resolve', 'operator', (call) =>
    resolveConflict(call.ctx, { ...input(call), id: idOf(call) }),
  ),
]
