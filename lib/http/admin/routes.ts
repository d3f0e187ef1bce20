import { createApiKey, listApiKeys } from '#lib/application/access/api-keys.ts'
import { changeApiKey, revokeApiKey } from '#lib/application/access/change-api-key.ts'
import { changeUser, createUser, removeUser } from '#lib/application/access/users.ts'
import { checkPublication } from '#lib/application/collections/check-publication.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { getCollection, listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { removeCollection } from '#lib/application/collections/remove-collection.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import { commandDevices } from '#lib/application/devices/command-devices.ts'
import { diagnoseDevice } from '#lib/application/devices/diagnose-device.ts'
import { getDevice } from '#lib/application/devices/get-device.ts'
import { deviceFacets, listDevices } from '#lib/application/devices/list-devices.ts'
import { listLogs } from '#lib/application/devices/list-logs.ts'
import { listDiagnostics, readDiagnostics } from '#lib/application/diagnostics/read-diagnostics.ts'
import {
  changeEnrollmentKey,
  revokeEnrollmentKey,
} from '#lib/application/enrollment/change-enrollment-key.ts'
import { createEnrollmentKey, listEnrollmentKeys } from '#lib/application/enrollment/create-enrollment-key.ts'
import { changeFleet, getFleet } from '#lib/application/fleets/change-fleet.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { listFleets } from '#lib/application/fleets/list-fleets.ts'
import { removeFleet } from '#lib/application/fleets/remove-fleet.ts'
import { cohorts } from '#lib/application/pillars/cohorts.ts'
import { changeIngestKey, revokeIngestKey } from '#lib/application/ingest/change-ingest-key.ts'
import { createIngestKey, listIngestKeys } from '#lib/application/ingest/create-ingest-key.ts'
import { listSources } from '#lib/application/ingest/list-sources.ts'
import {
  addScrapeTarget,
  listScrapeTargets,
  removeScrapeTarget,
} from '#lib/application/ingest/scrape-targets.ts'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { lagHeat } from '#lib/application/pillars/lag-heat.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { overview } from '#lib/application/pillars/overview.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import { listReleases } from '#lib/application/releases/list-releases.ts'
import { recordRelease } from '#lib/application/releases/record-release.ts'
import { removeRelease } from '#lib/application/releases/remove-release.ts'
import { changeRetention, getRetention } from '#lib/application/retention/change-retention.ts'
import { getSession } from '#lib/application/sessions/get-session.ts'
import { listSessions, sessionFacets } from '#lib/application/sessions/list-sessions.ts'
import { changeView, removeView } from '#lib/application/views/change-view.ts'
import { listViews, viewsOf } from '#lib/application/views/list-views.ts'
import { saveView } from '#lib/application/views/save-view.ts'
import { ACCOUNT_ROUTES } from './account-routes.ts'
import { ALERT_ROUTES } from './alert-routes.ts'
import { AUDIT_ROUTES } from './audit-routes.ts'
import { BREAKER_ROUTES } from './breaker-routes.ts'
import { CHANNEL_ROUTES } from './channel-routes.ts'
import { exportDevices, exportSessions } from './export-lists.ts'
import { CONFLICT_ROUTES } from './conflict-routes.ts'
import { LAB_ROUTES } from './lab-routes.ts'
import { CONTESTED_ROUTES } from './contested-routes.ts'
import { LETTER_ROUTES } from './letter-routes.ts'
import { OPERATION_ROUTES } from './operation-routes.ts'
import { PEOPLE_ROUTES } from './people-routes.ts'
import { cohortQueryOf, heatQueryOf, pillarQueryOf, rangeQueryOf, sessionQueryOf } from './query.ts'
import { RESTORE_ROUTES } from './restore-routes.ts'
import { REVIEW_ROUTES } from './review-routes.ts'
import { act, byId, change, global, idOf, input, make, nowOf, read, recent } from './route-rows.ts'
import { openStream } from './stream.ts'
import type { AdminRoute } from './table.ts'
import { pageOfWhole, wholeList } from './whole-list.ts'

interface WithAuthority {
  readonly fleetId: string
  readonly authority: { readonly url: string; readonly timeoutMs: number } | null
  readonly authoritySecret?: string | null
}
/** Without the name of the key; the key itself where it was made just now. */
const shownCollection = <C extends WithAuthority>({ authority, authoritySecret, ...collection }: C) => ({
  ...collection,
  fleet: collection.fleetId,
  authority: authority && { url: authority.url, timeoutMs: authority.timeoutMs },
  ...(authoritySecret && { authoritySecret }),
})
/** Else an override without a second person would wait for nobody's sign-in (`breakGlass`, breaker-routes.ts). */
const raisesWhatOneMayAlone = (body: unknown): boolean =>
  settingsOf(body) !== null && Object.hasOwn(settingsOf(body) ?? {}, 'secondPersonAbove')
const settingsOf = (body: unknown): object | null => {
  const settings = typeof body === 'object' && body !== null && 'settings' in body ? body.settings : null
  return typeof settings === 'object' ? settings : null
}
/** Every operator route there is, with the least role that opens it. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  global(
    'GET',
    '/fleets',
    async ({ ctx, actor, query }) =>
      wholeList(await listFleets(ctx, { actor }), query, ({ id }, fleet) => id === fleet),
    'viewer',
  ),
  global('GET', '/fleets/:id', (call) => getFleet(call.ctx, byId(call)), 'viewer'),
  recent(
    global('PATCH', '/fleets/:id', (call) => changeFleet(call.ctx, byId(call))),
    raisesWhatOneMayAlone,
  ),
  recent(global('DELETE', '/fleets/:id', (call) => removeFleet(call.ctx, byId(call)))),
  {
    method: 'POST',
    pattern: '/fleets',
    role: 'admin',
    scope: 'everywhere',
    status: 201,
    handle: ({ ctx, actor, body }) => createFleet(ctx, { actor, body }),
  },

  global('GET', '/retention', ({ ctx, actor }) => getRetention(ctx, { actor }), 'viewer'),
  global('PATCH', '/retention', ({ ctx, actor, body }) => changeRetention(ctx, { actor, body })),

  read('/collections', 'viewer', async (call) =>
    wholeList((await listCollections(call.ctx, call)).map(shownCollection), call.query),
  ),
  make('/collections', 'admin', async (call) =>
    shownCollection(await createCollection(call.ctx, input(call))),
  ),
  read('/collections/:id', 'viewer', async (call) =>
    shownCollection(await getCollection(call.ctx, { ...input(call), id: idOf(call) })),
  ),
  change('PATCH', '/collections/:id', async (call) =>
    shownCollection(await publishCollection(call.ctx, { ...input(call), id: idOf(call) })),
  ),

  act('/collections/:id/check', 'admin', (call) =>
    checkPublication(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  change('DELETE', '/collections/:id', (call) =>
    removeCollection(call.ctx, { ...input(call), id: idOf(call) }),
  ),

  read('/enrollment-keys', 'admin', async (call) =>
    wholeList(await listEnrollmentKeys(call.ctx, call), call.query),
  ),
  recent(
    make('/enrollment-keys', 'admin', async (call) => {
      const { shown, key, code } = await createEnrollmentKey(call.ctx, input(call))
      return { ...shown, key, code }
    }),
  ),
  recent(
    change('PATCH', '/enrollment-keys/:id', (call) =>
      changeEnrollmentKey(call.ctx, { ...input(call), id: idOf(call) }),
    ),
  ),
  recent(
    change('DELETE', '/enrollment-keys/:id', (call) =>
      revokeEnrollmentKey(call.ctx, { ...input(call), id: idOf(call) }),
    ),
  ),

  read('/ingest-keys', 'admin', async (call) => wholeList(await listIngestKeys(call.ctx, call), call.query)),
  recent(
    make('/ingest-keys', 'admin', async (call) => {
      const { shown, key } = await createIngestKey(call.ctx, input(call))
      return { ...shown, key }
    }),
  ),
  recent(
    change('PATCH', '/ingest-keys/:id', (call) =>
      changeIngestKey(call.ctx, { ...input(call), id: idOf(call) }),
    ),
  ),
  recent(
    change('DELETE', '/ingest-keys/:id', (call) =>
      revokeIngestKey(call.ctx, { ...input(call), id: idOf(call) }),
    ),
  ),

  read('/releases', 'viewer', async (call) => wholeList(await listReleases(call.ctx, call), call.query)),
  make('/releases', 'operator', (call) => recordRelease(call.ctx, input(call))),
  {
    ...change('DELETE', '/releases/:id', (call) =>
      removeRelease(call.ctx, { ...input(call), id: idOf(call) }),
    ),
    role: 'operator',
  },

  read('/views', 'viewer', async (call) => {
    const { page, query } = viewsOf(call.query)
    return wholeList(await listViews(call.ctx, { ...input(call), page }), query)
  }),
  make('/views', 'viewer', (call) => saveView(call.ctx, input(call))),
  {
    ...change('PATCH', '/views/:id', (call) => changeView(call.ctx, { ...input(call), id: idOf(call) })),
    role: 'viewer',
  },
  {
    ...change('DELETE', '/views/:id', (call) => removeView(call.ctx, { ...input(call), id: idOf(call) })),
    role: 'viewer',
  },

  read('/sources', 'viewer', async (call) =>
    pageOfWhole(await listSources(call.ctx, call), call.query, {
      idOf: ({ source }) => source,
      atMsOf: () => null,
    }),
  ),
  read('/scrape-targets', 'admin', async (call) =>
    wholeList(await listScrapeTargets(call.ctx, call), call.query),
  ),
  make('/scrape-targets', 'admin', (call) => addScrapeTarget(call.ctx, input(call))),
  change('DELETE', '/scrape-targets/:id', (call) =>
    removeScrapeTarget(call.ctx, { ...input(call), id: idOf(call) }),
  ),

  recent(global('POST', '/users', ({ ctx, actor, body }) => createUser(ctx, { actor, body }))),
  recent(global('PATCH', '/users/:id', (call) => changeUser(call.ctx, byId(call)))),
  recent(global('DELETE', '/users/:id', (call) => removeUser(call.ctx, byId(call)))),
  ...PEOPLE_ROUTES,
  global('GET', '/api-keys', async ({ ctx, actor, query }) =>
    wholeList(await listApiKeys(ctx, { actor }), query, ({ fleetId }, fleet) => fleetId === fleet),
  ),
  recent(global('POST', '/api-keys', ({ ctx, actor, body }) => createApiKey(ctx, { actor, body }))),
  recent(global('PATCH', '/api-keys/:id', (call) => changeApiKey(call.ctx, byId(call)))),
  recent(global('DELETE', '/api-keys/:id', (call) => revokeApiKey(call.ctx, byId(call)))),

  read('/overview', 'viewer', (call) =>
    overview(call.ctx, rangeQueryOf(call.fleetId, call.query, nowOf(call))),
  ),
  read('/pillars/lag', 'viewer', (call) =>
    lag(call.ctx, pillarQueryOf(call.fleetId, call.query, nowOf(call))),
  ),
  read('/pillars/lag/heat', 'viewer', (call) => {
    const { stage, query } = heatQueryOf(call.fleetId, call.query, nowOf(call))
    return lagHeat(call.ctx, query, stage)
  }),
  read('/pillars/cohorts', 'viewer', (call) =>
    cohorts(call.ctx, cohortQueryOf(call.fleetId, call.query, nowOf(call))),
  ),
  read('/pillars/conflicts', 'viewer', (call) =>
    conflicts(call.ctx, pillarQueryOf(call.fleetId, call.query, nowOf(call))),
  ),
  read('/pillars/failures', 'viewer', (call) =>
    failures(call.ctx, pillarQueryOf(call.fleetId, call.query, nowOf(call))),
  ),
  read('/pillars/queue', 'viewer', (call) =>
    queue(call.ctx, pillarQueryOf(call.fleetId, call.query, nowOf(call))),
  ),

  read('/sessions', 'viewer', (call) => {
    const query = sessionQueryOf(call.query, nowOf(call))
    return listSessions(call.ctx, { ...input(call), query })
  }),
  read('/sessions/facets', 'viewer', (call) =>
    sessionFacets(call.ctx, { ...input(call), query: sessionQueryOf(call.query, nowOf(call)) }),
  ),
  read('/sessions/export', 'viewer', exportSessions),
  read('/sessions/:id', 'viewer', (call) => getSession(call.ctx, { ...input(call), id: idOf(call) })),
  read('/devices', 'viewer', (call) => listDevices(call.ctx, { ...input(call), query: call.query })),
  read('/devices/facets', 'viewer', (call) => deviceFacets(call.ctx, { ...input(call), query: call.query })),
  read('/devices/export', 'viewer', exportDevices),
  act('/devices/commands', 'operator', (call) => commandDevices(call.ctx, input(call))),
  read('/devices/:id', 'viewer', (call) => getDevice(call.ctx, { ...input(call), id: idOf(call) })),
  read('/devices/:id/diagnosis', 'viewer', (call) =>
    diagnoseDevice(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  read('/devices/:id/logs', 'viewer', async (call) =>
    pageOfWhole(await listLogs(call.ctx, { ...input(call), deviceId: idOf(call) }), call.query, {
      idOf: ({ id }) => id,
      atMsOf: ({ atMs }) => atMs,
    }),
  ),
  make('/devices/:id/commands', 'operator', (call) =>
    commandDevice(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  read('/devices/:id/diagnostics', 'operator', async (call) =>
    pageOfWhole(await listDiagnostics(call.ctx, { ...input(call), deviceId: idOf(call) }), call.query, {
      idOf: ({ id }) => id,
      atMsOf: ({ receivedAtMs }) => receivedAtMs,
    }),
  ),
  read('/devices/:id/diagnostics/:diagnosticsId', 'operator', (call) =>
    readDiagnostics(call.ctx, {
      ...input(call),
      deviceId: idOf(call),
      id: call.params['diagnosticsId'] ?? '',
    }),
  ),

  ...ACCOUNT_ROUTES,
  ...CONFLICT_ROUTES,
  ...LAB_ROUTES,
  ...CONTESTED_ROUTES,
  ...LETTER_ROUTES,
  ...OPERATION_ROUTES,
  ...RESTORE_ROUTES,
  ...REVIEW_ROUTES,

  ...BREAKER_ROUTES,
  ...ALERT_ROUTES,
  ...CHANNEL_ROUTES,

  ...AUDIT_ROUTES,
  read('/stream', 'viewer', (call) => openStream(call)),
]
