import { expect, test } from 'vitest'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { StatusClass } from '#lib/telemetry/events.ts'
import { addFleet } from '#tests/support/access-world.ts'
import { alertWorld, type AlertWorld } from '#tests/support/alert-world.ts'
import { gaugesEvent, sessionEvent } from '#tests/support/telemetry-fixtures.ts'

const MINUTE_MS = 60_000

/** People hold the fleet's breaker open. */
async function hold({ ctx, storage, clock }: AlertWorld, fleetId: string, minutes: number): Promise<void> {
  const askedAtMs = clock.now()
  const expiresAtMs = askedAtMs + minutes * MINUTE_MS
  await storage.breakers.save(
    {
      scope: `fleet:${fleetId}`,
      fleetId,
      version: 1,
      settings: null,
      changedAtMs: askedAtMs,
      overrides: [
        {
          id: 'o',
          kind: 'forced_open',
          reason: 'the database moves',
          by: { id: 'ada', name: 'Ada' },
          askedAtMs,
          startsAtMs: askedAtMs,
          expiresAtMs,
          approval: null,
          breakGlass: false,
          endedAtMs: null,
        },
      ],
    },
    auditEntry(ctx, SYSTEM, { action: 'breaker.force', target: 'x', fleetId }),
  )
}

test('[alerts] a breaker that people hold open keeps silent what it stops, and for five minutes after it', async () => {
  const world = alertWorld()
  const { storage } = world
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  let sequence = 0
  let statusClass: StatusClass = '2xx'
  const ask = async () => {
    const ofRequests = { route: 'push', platform: 'ios', appVersion: '2.4.0', code: null } as const
    await world.tell(fleetId, gaugesEvent({ devices: 40 }))
    await world.tell(fleetId, {
      kind: 'requests',
      process: 'one',
      sequence: (sequence += 1),
      counts: [{ ...ofRequests, statusClass, count: 20 }],
    })
    for (let n = 0; n < 4; n++)
      await world.tell(
        fleetId,
        sessionEvent({ sessionId: `s${sequence} ${n}`, result: statusClass === 'shed' ? 'failed' : 'ok' }),
      )
  }
  await world.pass(70 * MINUTE_MS, ask)
  expect(world.notices()).toEqual([])
  statusClass = 'shed'
  await hold(world, fleetId, 40)
  // That their override ends is told of.
  const told = () =>
    world.notices().flatMap(({ rule, state }) => (rule === 'override-ending' ? [] : [[rule, state]]))
  await world.pass(40 * MINUTE_MS, ask)
  expect(told()).toEqual([])
  const open = await storage.alerts.incidents(fleetId, 'open', { limit: 9, cursor: null })
  const held = { kind: 'rule', rule: 'breaker-open' }
  expect(
    open.items.flatMap(({ alerts }) => alerts.map(({ rule, suppressedBy }) => [rule, suppressedBy])),
  ).toEqual(expect.arrayContaining([['no-requests', held]]))
  // It has ended: devices come back within some minutes, and nobody is called meanwhile.
  await world.pass(3 * MINUTE_MS, ask)
  expect(told()).toEqual([])
  // They don't: now it is news.
  await world.pass(3 * MINUTE_MS, ask)
  expect(told()).toContainEqual(['no-requests', 'firing'])
})

test('[alerts] that an override is about to end is told of one that holds for long, and not of one that was asked for ten minutes', async () => {
  const world = alertWorld()
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  await hold(world, fleetId, 10)
  await world.pass(12 * MINUTE_MS)
  expect(world.notices()).toEqual([])
  const other = await addFleet(world.ctx, 'Airfield UK')
  await hold(world, other, 60)
  await world.pass(50 * MINUTE_MS)
  expect(world.notices().map(({ fleetId: of, rule }) => [of, rule])).toEqual([[other, 'override-ending']])
})
