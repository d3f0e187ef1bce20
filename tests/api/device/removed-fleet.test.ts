import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { getFleet } from '#lib/application/fleets/change-fleet.ts'
import { forgetRemovedFleets } from '#lib/application/fleets/forget-fleets.ts'
import { removeFleet } from '#lib/application/fleets/remove-fleet.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { tellable } from '#lib/http/problem.ts'
import { eventAt, pushEvent, pushedCollection } from '#tests/support/telemetry-fixtures.ts'
import { newUuid, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestApp } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** Still, so that a process stays as long as it wants with whom it has authenticated. */
const CLOCK = { now: () => Date.parse('2026-11-26T12:00:00Z') }

describe.each(STORAGES)('a fleet that is removed under way, on $name', ({ open }) => {
  let opened: TestStorage
  const errors: string[] = []
  const ownProcess = async (): Promise<TestApp> =>
    testApp(await opened.another(), (message) => errors.push(message), CLOCK)
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.close())

  /** Two processes that know a fleet and its device; the second has removed it. */
  async function removed(before: (device: TestDevice) => Promise<unknown>) {
    const [first, second] = [await ownProcess(), await ownProcess()]
    const fleet = await testFleet(second)
    const device = await TestDevice.enroll(first, fleet)
    await before(device)
    const { ctx } = second
    const { fleetId } = fleet
    const order = { command: null, status: 'revoked', nowMs: CLOCK.now() } as const
    await ctx.storage.devices.command(fleetId, device.id, order, null)
    const { name } = await getFleet(ctx, { actor: SYSTEM, id: fleetId })
    await removeFleet(ctx, { actor: SYSTEM, id: fleetId, body: { name, reason: 'a test' } })
    return { first, second, device, fleetId }
  }
  const told = async (answer: Response): Promise<unknown> => [
    answer.status,
    ((await answer.json()) as { code?: string }).code,
  ]

  it('answers 401 unauthorized to push, pull, heartbeat and report, and stores none of them', async () => {
    const session = {
      sessionId: newUuid(),
      startedAt: '2026-11-26T11:00:00.000Z',
      endedAt: '2026-11-26T11:00:01.000Z',
      mode: 'delta',
      result: 'ok',
      pushed: 0,
      pulled: 0,
      conflicts: 0,
      deadLettered: 0,
      queueDepthBefore: 0,
      queueDepthAfter: 0,
      transitions: [],
      attempts: [],
    }
    const { first, device, fleetId } = await removed((known) => known.pushed([known.mutation()]))
    const push = await device.push(device.pushBody([device.mutation()]))
    expect(await told(push)).toEqual([401, 'unauthorized'])
    expect(await told(await device.send('GET', '/api/v1/pull'))).toEqual([401, 'unauthorized'])
    const report = device.report()
    const heartbeat = await device.send('POST', '/api/v1/heartbeat', { body: { report } })
    expect(await told(heartbeat)).toEqual([401, 'unauthorized'])
    const sessions = await device.send('POST', '/api/v1/sessions', { body: { sessions: [session] } })
    expect(await told(sessions)).toEqual([401, 'unauthorized'])
    expect(await first.ctx.storage.sessions.get(fleetId, session.sessionId)).toBeNull()
    expect(errors).toEqual([])
  })

  it('answers the same where the process has not read its collections yet', async () => {
    const { device } = await removed((known) =>
      known.send('POST', '/api/v1/heartbeat', { body: { report: known.report() } }),
    )
    const push = await device.push(device.pushBody([device.mutation()]))
    expect(await told(push)).toEqual([401, 'unauthorized'])
    expect(errors).toEqual([])
  })

  it('is 404 for an operator, who is not signed out by it', async () => {
    const { first, fleetId } = await removed(async () => undefined)
    const late: unknown = await first.ctx.groupCommit.rules.reload(fleetId).catch((error: unknown) => error)
    expect(tellable(late, Math.random)?.tidemarkCode).toBe('not_found')
  })

  it('takes its figures with it: at once where it was removed, at the next look everywhere else', async () => {
    const { first, second, fleetId } = await removed((known) => known.pushed([known.mutation()]))
    const figures = async ({ ctx }: TestApp) => (await ctx.metrics.render()).body.includes(fleetId)
    expect([await figures(first), await figures(second)]).toEqual([true, false])
    const kept = await testFleet(first)
    await forgetRemovedFleets(first.ctx)
    expect(await figures(first)).toBe(false)
    expect((await first.ctx.metrics.render()).body).toContain(kept.fleetId)
    // Of requests that end late.
    for (const { ctx } of [first, second]) {
      ctx.metrics.observeReplay(fleetId, 'applied')
      ctx.metrics.showFoldLag(fleetId, 1)
      ctx.metrics.showBreaker(`fleet:${fleetId}`, 'open')
    }
    expect([await figures(first), await figures(second)]).toEqual([false, false])
  })
})

describe('the figures of a removed fleet', () => {
  it('go from every metric, and no other fleet loses its own', async () => {
    const metrics = createMetrics()
    const of = async (fleet: string) =>
      (await metrics.render()).body.split('\n').filter((line) => line.includes(fleet)).length
    const strikes = pushedCollection({ results: { applied: 1 }, uploadLagMs: [500] })
    for (const fleet of ['fleet-a', 'fleet-b']) {
      metrics.addFleet(fleet)
      metrics.observeEvent(fleet, eventAt('a', 1, pushEvent({ collections: { strikes } })))
      metrics.showFoldLag(fleet, 1)
      metrics.showBreaker(`collection:${fleet}:strikes`, 'open')
    }
    const before = await of('fleet-b')
    expect([before > 50, await of('fleet-a')]).toEqual([true, before])
    await metrics.removeFleet('fleet-a')
    expect([await of('fleet-a'), await of('fleet-b')]).toEqual([0, before])
    expect(metrics.fleets()).toEqual(['fleet-b'])
  })
})
