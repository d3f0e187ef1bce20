import { expect, onTestFinished, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createChannel } from '#lib/application/notifications/create-channel.ts'
import { Notifier } from '#lib/application/notifications/run-notifications.ts'
import { addFleet } from '#tests/support/access-world.ts'
import { alertWorld, pushOf } from '#tests/support/alert-world.ts'
import { startReceiver } from '#tests/support/receiver.ts'

const MINUTE_MS = 60_000

interface Event {
  readonly event_action: string
  readonly dedup_key: string
  readonly payload: { readonly summary: string }
  readonly links: readonly { readonly href: string; readonly text: string }[]
}

test('[NO1] [NO9] from a bad release to the page and its end: rung once, under one key, over a restart of all that evaluates and sends', async () => {
  const world = alertWorld()
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  const settings = { routingKey: 'R', url: receiver.url }
  await createChannel(world.ctx, { actor: SYSTEM, body: { name: 'on call', kind: 'pagerduty', settings } })
  let notifier = new Notifier(world.ctx)
  let dead = 0
  const turn = async () => {
    await world.tell(fleetId, pushOf(4))
    await world.tell(fleetId, pushOf(1, dead, '2.4.1'))
    await notifier.look()
    await notifier.idle()
  }
  const events = () => receiver.received.map(({ body }) => body as Event)
  await world.pass(10 * MINUTE_MS, turn)
  expect(events()).toEqual([])
  dead = 2
  await world.pass(2 * MINUTE_MS, turn)
  expect(events()).toMatchObject([
    { event_action: 'trigger', payload: { summary: expect.any(String) as string } },
  ])
  const { origin } = world.ctx
  expect(events()[0]?.links).toEqual([
    { text: 'Incident', href: expect.stringContaining(`${origin}/alerts/incidents/`) as string },
    { text: 'Runbook', href: `${origin}/alerts/runbooks/dead-letters-growing?fleet=${fleetId}` },
  ])
  expect(events()[0]?.payload.summary).toMatch(/^\[Firing, critical\] Airfield US: Dead letters grow/)
  world.restart()
  notifier = new Notifier({ ...world.ctx, processId: 'another' })
  await world.pass(5 * MINUTE_MS, turn)
  expect(events()).toHaveLength(1)
  dead = 0
  await world.pass(25 * MINUTE_MS, turn)
  expect(events().map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve'])
  expect(new Set(events().map(({ dedup_key }) => dedup_key)).size).toBe(1)
})
