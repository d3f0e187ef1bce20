import { expect, test } from 'vitest'
import { Heartbeat } from '#lib/application/alerts/heartbeat.ts'
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
  expect(await world.storage.alerts.lastRound()).toMatchObject({ fleets: 3, rules: 60, failed: 0 })
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
  expect(await world.storage.alerts.lastRound()).toMatchObject({ failed: 3 })
})
