import type { Role } from '#lib/application/context.ts'
import type { AdminCall, AdminRoute, FleetCall } from './table.ts'

type Handle = (call: FleetCall) => Promise<unknown>

/** Rows of the route table (routes.ts, letter-routes.ts) that are about one fleet. */
const row =
  (method: AdminRoute['method'], status: AdminRoute['status']) =>
  (pattern: string, role: Role, handle: Handle): AdminRoute => ({
    method,
    pattern,
    role,
    scope: 'fleet',
    status,
    handle,
  })
export const read = row('GET', 200)
export const make = row('POST', 201)
export const act = row('POST', 200)

/** What belongs to no fleet, or is one; the verb sees to who may. */
export const global = (
  method: AdminRoute['method'],
  pattern: string,
  handle: (call: AdminCall) => Promise<unknown>,
  role: Role = 'admin',
): AdminRoute => ({ method, pattern, role, scope: 'anywhere', status: method === 'POST' ? 201 : 200, handle })
/** What of it makes nothing: it answers 200. */
export const doing = (
  pattern: string,
  handle: (call: AdminCall) => Promise<unknown>,
  role: Role = 'admin',
): AdminRoute => ({ ...global('POST', pattern, handle, role), status: 200 })
export const change = (
  method: 'PATCH' | 'DELETE',
  pattern: string,
  handle: (call: FleetCall) => Promise<unknown>,
): AdminRoute => ({ method, pattern, role: 'admin', scope: 'fleet', status: 200, handle })
export const byId = ({ actor, body, params }: AdminCall) => ({ actor, body, id: params['id'] ?? '' })
export const idOf = (call: AdminCall): string => call.params['id'] ?? ''
export const input = ({ actor, fleetId, body }: FleetCall) => ({ actor, fleetId, body })
export const nowOf = (call: AdminCall): number => call.ctx.clock.now()

/** A write by an operator. */
export const operate = (
  method: 'POST' | 'PATCH' | 'DELETE',
  pattern: string,
  handle: (call: FleetCall) => Promise<unknown>,
): AdminRoute => ({
  method,
  pattern,
  role: 'operator',
  scope: 'fleet',
  status: method === 'POST' ? 201 : 200,
  handle,
})

/**
 * A dangerous act: of people it takes a sign-in of the last 30 minutes, else it is `sign_in_again` (security check 18).
 * @param when says of its body whether it is one; left out, it always is
 */
export const recent = <R extends AdminRoute>(route: R, when: R['recent'] = true): R => ({
  ...route,
  recent: when,
})
