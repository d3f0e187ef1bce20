import { expect, test } from 'vitest'
import { acknowledge } from '#lib/application/alerts/change-incident.ts'
import { incidentImpact } from '#lib/application/alerts/incident-impact.ts'
import { openIncidents } from '#lib/application/alerts/incidents-now.ts'
import { listIncidents } from '#lib/application/alerts/incidents.ts'
import { readMarks } from '#lib/application/live/topics.ts'
import type { Actor } from '#lib/application/context.ts'
import { addFleet } from '#tests/support/access-world.ts'
import { alertWorld, pushOf, resolvedIncident } from '#tests/support/alert-world.ts'

const MINUTE_MS = 60_000
const ROOT: Actor = { kind: 'user', id: 'root', name: 'Ada', roles: { '*': 'admin' } }

/** A fleet of which one version's changes become dead letters for a minute. */
async function failing() {
  const world = alertWorld()
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  await world.pass(MINUTE_MS, () => world.tell(fleetId, pushOf(1, 9, '2.4.1')))
  return { ...world, ctx: world.ctx, fleetId, one: { actor: ROOT, fleetId } }
}

test('[alerts] what is open now: the worst that speaks first, who has it, and whether anybody looks', async () => {
  const { ctx, one, clock } = await failing()
  const now = await openIncidents(ctx, one)
  expect(now).toMatchObject({ open: 2, unread: 1, stopped: false, gravest: { name: 'INC-1', takenBy: null } })
  expect(now.listed.map(({ severity, suppressed }) => [severity, suppressed])).toEqual([
    ['critical', false],
    ['critical', true],
  ])
  await acknowledge(ctx, { ...one, id: now.gravest?.id ?? '', body: {} })
  expect(await openIncidents(ctx, one)).toMatchObject({ unread: 0, gravest: { takenBy: ROOT.name } })
  clock.advance(2 * MINUTE_MS)
  expect(await openIncidents(ctx, one)).toMatchObject({ open: 2, stopped: true })
  const stranger = { ...ROOT, roles: {} }
  await expect(openIncidents(ctx, { ...one, actor: stranger })).rejects.toMatchObject({
    tidemarkCode: 'not_found',
  })
})

test('[alerts] one that is kept silent comes after what speaks, however grave it is', async () => {
  const { ctx, storage } = alertWorld()
  const fleetId = await addFleet(ctx, 'Airfield US')
  const of = (number: number, over: Parameters<typeof resolvedIncident>[2]) =>
    resolvedIncident(fleetId, ctx.ids(), { state: 'open', resolvedAtMs: null, number, ...over })
  const silenced = {
    rule: 'queue-deep',
    severity: 'critical',
    group: {},
    startedAtMs: 0,
    endedAtMs: null,
    noData: false,
    summary: '',
    suppressedBy: { kind: 'rule', rule: 'breaker-open' },
  } as const
  const incidents = [
    of(1, { alerts: [silenced], openedAtMs: 3 }),
    of(2, { subject: '["work",null,null]', severity: 'info', openedAtMs: 2 }),
    of(3, { subject: '["devices",null,null]', severity: 'warning', openedAtMs: 1 }),
  ]
  const next = { revision: 1, evaluatedAtMs: 0, states: [] }
  await storage.alerts.commit(fleetId, { next, incidents, entries: [], notices: [] })
  const now = await openIncidents(ctx, { actor: ROOT, fleetId })
  expect(now.listed.map(({ name }) => name)).toEqual(['INC-3', 'INC-2', 'INC-1'])
  expect(now.gravest).toBe(null)
})

test('[alerts] that nobody looks any more is a change that pages hear of', async () => {
  const { ctx, fleetId, clock, pass } = await failing()
  const before = await readMarks(ctx, fleetId)
  clock.advance(30_000)
  expect((await readMarks(ctx, fleetId)).alerts).toBe(before.alerts)
  clock.advance(MINUTE_MS)
  const stopped = await readMarks(ctx, fleetId)
  expect(stopped.alerts).not.toBe(before.alerts)
  await pass(15_000)
  expect((await readMarks(ctx, fleetId)).alerts).not.toBe(stopped.alerts)
})

test('[alerts] an incident meets the devices of its version, or of its cause; without one all of the fleet', async () => {
  const { ctx, one } = await failing()
  const { items } = await listIncidents(ctx, { ...one, query: {} })
  const [ofVersion] = items.filter(({ group }) => group.appVersion !== undefined)
  if (ofVersion === undefined) throw new Error('no incident is about a version')
  const nobody = { devices: 0, ofDevices: 0, pendingAgeP95Ms: null, oldestWaiting: null, deadLetters: 0 }
  expect(await incidentImpact(ctx, { actor: ROOT, incident: ofVersion })).toMatchObject({
    ...nobody,
    appVersion: '2.4.1',
  })
  const plain = { ...ofVersion, group: {}, cause: null }
  expect(await incidentImpact(ctx, { actor: ROOT, incident: plain })).toMatchObject({
    ...nobody,
    appVersion: null,
    collection: null,
  })
  const finding = { part: 9, ofPart: 9, whole: 10, ofWhole: 40 }
  const cause = {
    sentence: '',
    noun: 'dead letters',
    findings: [
      { ...finding, dimension: 'code' as const, key: 'schema_mismatch' },
      { ...finding, dimension: 'appVersion' as const, key: '2.4.2' },
      { ...finding, dimension: 'collection' as const, key: 'strikes' },
    ],
  }
  expect(await incidentImpact(ctx, { actor: ROOT, incident: { ...plain, cause } })).toMatchObject({
    appVersion: '2.4.2',
    collection: 'strikes',
  })
})
