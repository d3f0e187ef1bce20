import { renewInvitation, revokeInvitation } from '#lib/application/access/change-invitation.ts'
import { invite } from '#lib/application/access/invite.ts'
import { listInvitations } from '#lib/application/access/list-invitations.ts'
import { listPeople } from '#lib/application/access/list-people.ts'
import { newSignInLink } from '#lib/application/access/new-sign-in-link.ts'
import { byId, doing, global, recent } from './route-rows.ts'
import type { AdminRoute } from './table.ts'
import { wholeInput, wholeList } from './whole-list.ts'

/** People and invitations (routes.ts). */
export const PEOPLE_ROUTES: readonly AdminRoute[] = [
  global('GET', '/users', async ({ ctx, actor, query: { q: words, ...query } }) =>
    wholeList(await listPeople(ctx, { actor, words }), query, ({ roles }, fleet) =>
      Object.hasOwn(roles, fleet),
    ),
  ),
  recent(
    global('POST', '/users/:id/link', (call) =>
      newSignInLink(call.ctx, { ...byId(call), principal: call.principal }),
    ),
  ),
  global('GET', '/invitations', async ({ ctx, actor, query }) =>
    wholeList(await listInvitations(ctx, { actor, fleet: wholeInput(query).fleet }), query),
  ),
  recent(global('POST', '/invitations', ({ ctx, actor, body }) => invite(ctx, { actor, body }))),
  recent(doing('/invitations/:id/link', (call) => renewInvitation(call.ctx, byId(call)))),
  global('DELETE', '/invitations/:id', (call) => revokeInvitation(call.ctx, byId(call))),
]
