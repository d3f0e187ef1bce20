import { changeAccount, getAccount, unlinkIdentity } from '#lib/application/access/account.ts'
import { changePassword } from '#lib/application/access/change-password.ts'
import {
  endOwnSession,
  endOwnSessions,
  endSessionsOfUser,
  listOwnSessions,
} from '#lib/application/access/own-sessions.ts'
import { stepUp } from '#lib/application/access/step-up.ts'
import { clientAddress } from './client-address.ts'
import { byId, global, idOf, recent } from './route-rows.ts'
import type { AdminCall, AdminRoute } from './table.ts'
import { pageOfWhole } from './whole-list.ts'

const person = ({ principal, request, body }: AdminCall) => ({
  principal,
  address: clientAddress(request.headers),
  body,
})
/** What makes nothing answers 200. */
const act = (pattern: string, handle: (call: AdminCall) => Promise<unknown>): AdminRoute => ({
  ...global('POST', pattern, handle, 'viewer'),
  status: 200,
})

/** Rows of the route table about the caller's own account, and one about somebody else's sessions. */
export const ACCOUNT_ROUTES: readonly AdminRoute[] = [
  global('GET', '/account', (call) => getAccount(call.ctx, call), 'viewer'),
  global('PATCH', '/account', (call) => changeAccount(call.ctx, person(call)), 'viewer'),
  act('/account/step-up', (call) => stepUp(call.ctx, person(call))),
  recent(act('/account/password', (call) => changePassword(call.ctx, person(call)))),
  recent(act('/account/identities/unlink', (call) => unlinkIdentity(call.ctx, person(call)))),
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
  act('/account/sessions/end', (call) => endOwnSessions(call.ctx, person(call))),
  global(
    'DELETE',
    '/account/sessions/:id',
    (call) => endOwnSession(call.ctx, { ...person(call), id: idOf(call) }),
    'viewer',
  ),
  recent({
    ...global('POST', '/users/:id/end-sessions', (call) => endSessionsOfUser(call.ctx, byId(call))),
    status: 200,
  }),
]
