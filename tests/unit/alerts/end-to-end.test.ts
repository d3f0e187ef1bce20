import { expect, test } from 'vitest'
import { addFleet } from '#tests/support/access-world.ts'
import { alertWorld, pushOf } from '#tests/support/alert-world.ts'

const MINUTE_MS = 60_000

test('[alerts] a bad release: its dead letters open one incident within a minute, with the cause, told once; it ends and is told once', async () => {
  const world = alertWorld()
  const { storage, clock } = world
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  let version = '2.4.0'
  let dead = 0
  const sync = async () => {
    await world.tell(fleetId, pushOf(4))
    await world.tell(fleetId, pushOf(1, dead, version))
  }
  await world.pass(10 * MINUTE_MS, sync)
  expect(world.notices()).toEqual([])
  const atMs = clock.now()
  ;[version, dead] = ['2.4.1', 2]
  await world.pass(MINUTE_MS, sync)
  const [firing, ...others] = world.notices()
  expect(others).toEqual([])
  expect(firing).toMatchObject({
    fleetId,
    fleetName: 'Airfield US',
    rule: 'dead-letters-growing',
    severity: 'critical',
    state: 'firing',
    endsAtMs: null,
    runbook: `/alerts/runbooks/dead-letters-growing?fleet=${fleetId}`,
  })
  expect((firing?.atMs ?? Infinity) - atMs).toBeLessThanOrEqual(MINUTE_MS)
  expect(firing?.title).toMatch(/^Dead letters grow: \d+ dead letters new in 10 min, over \d+$/)
  const incident = await storage.alerts.incident(fleetId, firing?.incidentId ?? '')
  expect(incident).toMatchObject({ number: 1, state: 'open', severity: 'critical', toldSeverity: 'critical' })
  // The version's own rule fires in an incident of its own, and says nothing that the fleet's hasn't said.
  const open = await storage.alerts.incidents(fleetId, 'open', { limit: 9, cursor: null })
  expect(
    open.items.flatMap(({ alerts }) => alerts.map(({ rule, suppressedBy }) => [rule, suppressedBy])),
  ).toEqual(
    expect.arrayContaining([
      ['dead-letters-growing', null],
      ['version-dead-letters', { kind: 'rule', rule: 'dead-letters-growing' }],
    ]),
  )
  // A process that dies in the midst of it goes on where it stood.
  world.restart()
  await world.pass(5 * MINUTE_MS, sync)
  expect(world.notices()).toHaveLength(1)
  const young = await storage.alerts.incident(fleetId, firing?.incidentId ?? '')
  expect(young?.cause?.sentence).toMatch(/Version 2\.4\.1: 100 % of dead letters, \d+\.\d % of all/)
  expect(young?.cause?.sentence).toMatch(/Code schema_mismatch: 100 % of dead letters/)
  expect(young?.link?.path).toMatch(/^\/dead-letters\?fleet=.*2\.4\.1/)
  ;[version, dead] = ['2.4.2', 0]
  await world.pass(25 * MINUTE_MS, sync)
  expect(world.notices().map(({ state, incidentId }) => [state, incidentId])).toEqual([
    ['firing', firing?.incidentId],
    ['resolved', firing?.incidentId],
  ])
  const { items } = await storage.alerts.entries(fleetId, firing?.incidentId ?? '', {
    limit: 50,
    cursor: null,
  })
  expect(items.map(({ kind }) => kind).toReversed()).toEqual([
    'opened',
    'cause',
    'told',
    'ended',
    'told',
    'resolved',
  ])
  expect(await storage.alerts.openIncidents(fleetId)).toEqual({ open: 0, unread: 0, critical: 0 })
  const round = await storage.alerts.lastRound()
  expect(round).toMatchObject({ processId: 'one', fleets: 1, rules: 21, failing: [] })
  expect(clock.now() - (round?.atMs ?? 0)).toBeLessThan(20_000)
})
