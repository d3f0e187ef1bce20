import { chainHead, checkChain } from '#lib/application/audit/check-chain.ts'
import { getAudit } from '#lib/application/audit/get-audit.ts'
import { listAudit } from '#lib/application/audit/list-audit.ts'
import { exportAudit } from './export-lists.ts'
import { byId, global } from './route-rows.ts'
import type { AdminCall, AdminRoute } from './table.ts'

/** What is about the log of all fleets together. */
const everywhere = (pattern: string, handle: (call: AdminCall) => Promise<unknown>): AdminRoute => ({
  method: 'GET',
  pattern,
  role: 'admin',
  scope: 'everywhere',
  status: 200,
  handle,
})

/** Rows of the route table about the audit log: entries are of a fleet or of none, so the verbs see to who may. */
export const AUDIT_ROUTES: readonly AdminRoute[] = [
  global('GET', '/audit', ({ ctx, actor, query }) => listAudit(ctx, { actor, query }), 'operator'),
  everywhere('/audit/head', ({ ctx, actor }) => chainHead(ctx, { actor })),
  everywhere('/audit/verify', ({ ctx, actor, query }) => checkChain(ctx, { actor, query })),
  global('GET', '/audit/export', exportAudit, 'operator'),
  global('GET', '/audit/:id', (call) => getAudit(call.ctx, byId(call)), 'operator'),
]
