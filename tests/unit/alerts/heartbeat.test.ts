import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { alertStatus } from '#lib/application/alerts/alert-status.ts'
import { Heartbeat } from '#lib/application/alerts/heartbeat.ts'
import { incidentsNow } from '#lib/application/alerts/incidents-now.ts'
import { readMarks } from '#lib/application/live/topics.ts'
import { ok } from '#lib/kernel/result.ts'
import { addFleet, silentLog } from '#tests/support/access-world.ts'
import { alertWorld } from '#tests/support/alert-world.ts'

const MINUTE_MS = 60_000

test('[alerts] the heartbeat beats once a minute while rounds end well, and stops with them', async () => {
  const world = alertWorld()
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  for (const name of ['Two', 'Three']) await addFleet(world.ctx, name)
  const asked: string[] = []
  const egress = {
    ...world.ctx.egress,
    get: async ({ url }: { readonly url: string }) => {
      asked.push(url)
      return ok({ status: 200, body: '', retryAfter: null })
    },
  }
  const { alertRounds } = world.ctx
  const heartbeat = new Heartbeat(
    { alertRounds, egress, log: silentLog, clock: world.clock },
    'https://beat.example/1',
  )
  const beat = () => heartbeat.beat()
  await beat()
  expect(asked).toEqual([])
  await world.pass(5 * MINUTE_MS, beat)
  expect(asked).toHaveLength(5)
  expect(await world.storage.alerts.lastRound()).toMatchObject({ fleets: 3, rules: 63, failing: [] })
  const gauge = async () =>
    /tidemark_heartbeat_timestamp_seconds (\d+)/.exec((await world.ctx.metrics.render()).body)?.[1]
  const before = await gauge()
  expect(Number(before) * 1_000).toBeGreaterThan(world.clock.now() - MINUTE_MS)
  // One fleet that can't be evaluated is enough: nobody would hear of it otherwise. The last good round is still told.
  Object.assign(world.storage.alerts, { input: () => Promise.reject(new Error(`no ${fleetId}`)) })
  await world.pass(2 * MINUTE_MS, beat)
  const last = asked.length
  expect(last).toBeLessThanOrEqual(6)
  await world.pass(5 * MINUTE_MS, beat)
  expect(asked).toHaveLength(last)
  expect(await gauge()).toBe(before)
  expect((await world.storage.alerts.lastRound())?.failing).toHaveLength(3)
})

test('[alerts] a fleet that alone cannot be evaluated is told that nobody looks, on every page, and the others are not', async () => {
  const world = alertWorld()
  const { ctx, storage, clock } = world
  const [bad, good] = [await addFleet(ctx, 'Bad'), await addFleet(ctx, 'Good')]
  await world.pass(MINUTE_MS)
  const { input } = storage.alerts
  let isBroken = true
  Object.assign(storage.alerts, {
    input: (fleetId: string, nowMs: number) =>
      isBroken && fleetId === bad ? Promise.reject(new Error('a rule that breaks')) : input(fleetId, nowMs),
  })
  const stopped = (fleetId: string) =>
    Promise.all([alertStatus(ctx, { actor: SYSTEM, fleetId }), incidentsNow(ctx, fleetId)]).then((all) =>
      all.map((one) => one.stopped),
    )
  await world.pass(45_000)
  expect([await stopped(bad), await stopped(good)]).toEqual([
    [false, false],
    [false, false],
  ])
  const mark = async () => (await readMarks(ctx, bad)).alerts
  const before = await mark()
  await world.pass(3 * MINUTE_MS)
  expect([await stopped(bad), await stopped(good)]).toEqual([
    [true, true],
    [false, false],
  ])
  // What is shown is shown anew without being asked for.
  expect(await mark()).not.toBe(before)
  const { evaluation } = await alertStatus(ctx, { actor: SYSTEM, fleetId: bad })
  expect(evaluation).toMatchObject({ fleetsFailed: 1 })
  expect(clock.now() - (evaluation?.atMs ?? Infinity)).toBeGreaterThan(3 * MINUTE_MS)
  isBroken = false
  await world.pass(15_000)
  expect(await stopped(bad)).toEqual([false, false])
})
