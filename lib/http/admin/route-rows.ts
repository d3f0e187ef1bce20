import type { Role } from '#lib/application/context.ts'
import type { AdminCall, AdminRoute, FleetCall } from './table.ts'

/** Rows of the route table (routes.ts, letter-routes.ts). */
export const read = (
  pattern: string,
  role: Role,
  handle: (call: FleetCall) => Promise<unknown>,
): AdminRoute => ({
  method: 'GET',
  pattern,
  role,
  scope: 'fleet',
  status: 200,
  handle,
})
export const make = (
  pattern: string,
  role: Role,
  handle: (call: FleetCall) => Promise<unknown>,
): AdminRoute => ({
  method: 'POST',
  pattern,
  role,
  scope: 'fleet',
  status: 201,
  handle,
})
export const act = (
  pattern: string,
  role: Role,
  handle: (call: FleetCall) => Promise<unknown>,
): AdminRoute => ({
  method: 'POST',
  pattern,
  role,
  scope: 'fleet',
  status: 200,
  handle,
})

/** What belongs to no fleet, or is one; the verb sees to who may. */
export const global = (
  method: AdminRoute['method'],
  pattern: string,
  handle: (call: AdminCall) => Promise<unknown>,
  role: Role = 'admin',
): AdminRoute => ({ method, pattern, role, scope: 'anywhere', status: method === 'POST' ? 201 : 200, handle })
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
