import { changeAccount, getAccount, unlinkIdentity } from '#lib/application/access/account.ts'
import { changePassword } from '#lib/application/access/change-password.ts'
import {
  endOwnSession,
  endOwnSessions,
  endSessionsOfUser,
  listOwnSessions,
} from '#lib/application/access/own-sessions.ts'
import { stepUp } from '#lib/application/access/step-up.ts'
import { addressIn } from '../address-in.ts'
import { byId, doing, global, idOf, recent } from './route-rows.ts'
import type { AdminCall, AdminRoute } from './table.ts'
import { pageOfWhole } from './whole-list.ts'

const person = ({ principal, request, body }: AdminCall) => ({
  principal,
  address: addressIn(request.headers),
  body,
})
/** Rows of the route table about the caller's own account, and one about somebody else's sessions. */
export const ACCOUNT_ROUTES: readonly AdminRoute[] = [
  global('GET', '/account', (call) => getAccount(call.ctx, call), 'viewer'),
  global('PATCH', '/account', (call) => changeAccount(call.ctx, person(call)), 'viewer'),
  doing('/account/step-up', (call) => stepUp(call.ctx, person(call)), 'viewer'),
  recent(doing('/account/password', (call) => changePassword(call.ctx, person(call)), 'viewer')),
  recent(doing('/account/identities/unlink', (call) => unlinkIdentity(call.ctx, person(call)), 'viewer')),
  global(
    'GET',
    '/account/sessions',
    async (call) =>
      pageOfWhole(await listOwnSessions(call.ctx, call), call.query, {
        idOf: ({ id }) => id,
        atMsOf: ({ lastSeenMs }) => lastSeenMs,
      }),
    'viewer',
  ),
  doing('/account/sessions/end', (call) => endOwnSessions(call.ctx, person(call)), 'viewer'),
  global(
    'DELETE',
    '/account/sessions/:id',
    (call) => endOwnSession(call.ctx, { ...person(call), id: idOf(call) }),
    'viewer',
  ),
  recent(doing('/users/:id/end-sessions', (call) => endSessionsOfUser(call.ctx, byId(call)))),
]
