import { approveOverride } from '#lib/application/breakers/approve-override.ts'
import { breakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { configureBreaker } from '#lib/application/breakers/configure-breaker.ts'
import { extendOverride } from '#lib/application/breakers/extend-override.ts'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { listBreakers } from '#lib/application/breakers/list-breakers.ts'
import { releaseBreaker } from '#lib/application/breakers/release-breaker.ts'
import { whatIf } from '#lib/application/breakers/what-if.ts'
import { change, input, operate, read, recent } from './route-rows.ts'
import type { AdminRoute, FleetCall } from './table.ts'
import { pageOfWhole } from './whole-list.ts'

const ofScope = (call: FleetCall) => ({ ...input(call), scope: call.params['scope'] ?? '' })

/** Without a second person, the first has to show again who they are. */
const isBreakGlass = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'breakGlass' in body && body.breakGlass !== false

/** Rows of the route table about circuit breakers. */
export const BREAKER_ROUTES: readonly AdminRoute[] = [
  read('/breakers', 'viewer', async (call) =>
    pageOfWhole(await listBreakers(call.ctx, call), call.query, {
      idOf: ({ scope }) => scope,
      atMsOf: () => null,
    }),
  ),
  read('/breakers/:scope', 'viewer', (call) =>
    breakerDetail(call.ctx, { ...ofScope(call), query: call.query }),
  ),
  read('/breakers/:scope/what-if', 'viewer', (call) =>
    whatIf(call.ctx, { ...ofScope(call), query: call.query }),
  ),
  recent(
    operate('POST', '/breakers/:scope/override', (call) => forceBreaker(call.ctx, ofScope(call))),
    isBreakGlass,
  ),
  operate('PATCH', '/breakers/:scope/override', (call) => extendOverride(call.ctx, ofScope(call))),
  operate('DELETE', '/breakers/:scope/override', (call) => releaseBreaker(call.ctx, ofScope(call))),
  {
    ...operate('POST', '/breakers/:scope/override/approve', (call) =>
      approveOverride(call.ctx, ofScope(call)),
    ),
    status: 200,
  },
  change('PATCH', '/breakers/:scope/config', (call) => configureBreaker(call.ctx, ofScope(call))),
]
