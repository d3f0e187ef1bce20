import { changeChannel, removeChannel } from '#lib/application/notifications/change-channel.ts'
import { createChannel } from '#lib/application/notifications/create-channel.ts'
import { listChannels } from '#lib/application/notifications/list-channels.ts'
import { listDeliveries } from '#lib/application/notifications/list-deliveries.ts'
import { testChannel } from '#lib/application/notifications/test-channel.ts'
import { byId, doing, global } from './route-rows.ts'
import type { AdminRoute } from './table.ts'
import { wholeList } from './whole-list.ts'

/** Rows of the route table about channels: each is of a fleet or of all of them, so the verbs see to who may. */
export const CHANNEL_ROUTES: readonly AdminRoute[] = [
  global(
    'GET',
    '/alerts/channels',
    async ({ ctx, actor, query: { q, ...query } }) =>
      wholeList(
        await listChannels(ctx, { actor, words: q }),
        query,
        ({ fleetId }, fleet) => fleetId === null || fleetId === fleet,
      ),
    'operator',
  ),
  global('POST', '/alerts/channels', ({ ctx, actor, body }) => createChannel(ctx, { actor, body })),
  global('PATCH', '/alerts/channels/:id', (call) => changeChannel(call.ctx, byId(call))),
  global('DELETE', '/alerts/channels/:id', (call) => removeChannel(call.ctx, byId(call))),
  doing('/alerts/channels/:id/test', (call) => testChannel(call.ctx, byId(call)), 'operator'),
  global(
    'GET',
    '/alerts/channels/:id/deliveries',
    (call) => listDeliveries(call.ctx, { ...byId(call), query: call.query }),
    'operator',
  ),
]
