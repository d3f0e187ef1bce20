import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { NOTIFICATION_LEASE_MS } from '#lib/application/notifications/run-notifications.ts'
import { createEgress, type Egress } from '#lib/application/egress/post-json.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import {
  NOTICE_GROUP_WAIT_MS,
  NOTIFICATION_TRIED_FOR_MS,
  NOTIFICATION_WAIT_MS,
} from '#lib/protocol/limits.ts'
import { noticeOf, notifyWorld, resolvedOf, type NotifyWorld } from '#tests/support/notify-world.ts'
import { jsonBody } from '#tests/support/operator-world.ts'
import { startReceiver, type Received, type Receiver } from '#tests/support/receiver.ts'

const NOTHING: Received = { headers: {}, text: '', path: '', body: null }

interface Payload {
  readonly version: string
  readonly groupKey: string
  readonly status: string
  readonly truncatedAlerts: number
  readonly groupLabels: Record<string, string>
  readonly commonLabels: Record<string, string>
  readonly alerts: readonly {
    readonly status: string
    readonly labels: Record<string, string>
    readonly annotations: Record<string, string>
    readonly startsAt: string
    readonly endsAt: string
    readonly generatorURL: string
    readonly fingerprint: string
  }[]
}

describe('a notice on its way', () => {
  let world: NotifyWorld
  let receiver: Receiver
  beforeEach(async () => {
    world = await notifyWorld()
    receiver = await startReceiver()
  })
  afterEach(() => receiver.close())
  const webhook = () => world.channel({ kind: 'webhook', settings: { url: `${receiver.url}/hook` } })
  const bodies = () => receiver.received.map(({ body }) => body as Payload)
  const keys = () => [...new Set(receiver.received.map(({ headers }) => headers['tidemark-notification']))]

  it('[check 40] [NO1] is told once, after the group wait, signed, as Alertmanager writes it', async () => {
    const { id, signingKey } = await webhook()
    const notice = noticeOf()
    await world.put(notice, notice)
    await world.put(notice)
    await world.turn()
    expect(receiver.received).toHaveLength(0)
    world.clock.advance(NOTICE_GROUP_WAIT_MS)
    await world.turn()
    await world.put(notice)
    await world.told()
    expect(receiver.received).toHaveLength(1)
    const [{ headers, text, path } = NOTHING] = receiver.received
    expect(path).toBe('/hook')
    const mac = createHmac('sha256', signingKey ?? '').update(
      `${String(headers['tidemark-timestamp'])}.${text}`,
    )
    expect(headers['tidemark-signature']).toBe(`v1=${mac.digest('hex')}`)
    expect(bodies()[0]).toMatchObject({
      version: '4',
      groupKey: `tidemark:${String(headers['tidemark-notification'])}`,
      status: 'firing',
      truncatedAlerts: 0,
      groupLabels: { alertname: notice.rule, severity: 'critical' },
      alerts: [
        {
          status: 'firing',
          labels: {
            alertname: notice.rule,
            severity: 'critical',
            fleet: notice.fleetId,
            collection: 'reports',
          },
          annotations: {
            summary: notice.title,
            description: notice.detail,
            runbook_url: 'http://127.0.0.1:3000/docs/runbooks/dead-letters-grow',
          },
          startsAt: '1970-01-01T00:00:01.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://127.0.0.1:3000/alerts/incidents/7',
          fingerprint: notice.incidentId,
        },
      ],
    })
    expect(await world.log(id)).toMatchObject([{ outcome: 'delivered', status: 202, attempt: 1, firing: 1 }])
  })

  it('[NO2] 500 fleets that fail together are told as one, what comes later by itself, and the end under the same keys', async () => {
    await webhook()
    const fired = Array.from({ length: 500 }, (_, n) => noticeOf({ fleetName: `fleet ${n}` }))
    await world.put(...fired)
    await world.told()
    expect(receiver.received).toHaveLength(1)
    expect([bodies()[0]?.alerts.length, bodies()[0]?.truncatedAlerts]).toEqual([200, 300])
    expect(bodies()[0]?.commonLabels).toEqual({
      alertname: 'DeadLettersGrow',
      severity: 'critical',
      collection: 'reports',
    })
    const later = [noticeOf(), noticeOf({ severity: 'warning' }), noticeOf({ rule: 'SyncLag' })]
    await world.put(...later)
    await world.told()
    // Two of a channel at a time.
    await world.turn()
    expect([receiver.received.length, keys().length]).toEqual([4, 4])
    await world.put(...fired.map((notice) => resolvedOf(notice)))
    await world.told()
    expect([receiver.received.length, keys().length]).toEqual([5, 4])
    expect(bodies()[4]).toMatchObject({
      status: 'resolved',
      groupKey: bodies()[0]?.groupKey,
      truncatedAlerts: 300,
    })
    // Nothing more is due.
    world.clock.advance(10 * NOTIFICATION_TRIED_FOR_MS)
    await world.turn()
    expect(receiver.received).toHaveLength(5)
  })

  it('[NO3] what is resolved in part says what is open and what is over', async () => {
    await webhook()
    const [a, b] = [noticeOf(), noticeOf()]
    await world.put(a, b)
    await world.told()
    await world.put(resolvedOf(a))
    await world.told()
    await world.put(resolvedOf(b))
    await world.told()
    const told = bodies().map(({ status, alerts }) => [
      status,
      alerts.map((alert) => `${alert.fingerprint === a.incidentId ? 'a' : 'b'} ${alert.status}`).sort(),
    ])
    expect(told).toEqual([
      ['firing', ['a firing', 'b firing']],
      ['firing', ['a resolved', 'b firing']],
      ['resolved', ['b resolved']],
    ])
    expect(keys()).toHaveLength(1)
  })

  it('[NO4] of what a channel was never told it is not told the end; of what it was, always', async () => {
    const { id } = await world.channel({
      kind: 'webhook',
      severities: ['critical'],
      settings: { url: receiver.url },
    })
    const [quiet, loud] = [noticeOf({ severity: 'info' }), noticeOf()]
    await world.put(quiet, loud)
    await world.told()
    await world.put(resolvedOf(quiet), resolvedOf(loud), resolvedOf(noticeOf()))
    await world.told()
    expect(
      bodies().map(({ status, alerts }) => [status, alerts.map(({ fingerprint }) => fingerprint)]),
    ).toEqual([
      ['firing', [loud.incidentId]],
      ['resolved', [loud.incidentId]],
    ])
    expect(await world.log(id)).toHaveLength(2)
  })

  it('[NO4] of another fleet nothing is told, of its own and to a channel of all fleets it is', async () => {
    await world.channel({ kind: 'webhook', fleet: world.fleet, settings: { url: `${receiver.url}/own` } })
    await world.channel({
      kind: 'webhook',
      fleet: world.foreignFleet,
      settings: { url: `${receiver.url}/foreign` },
    })
    await world.channel({ kind: 'webhook', settings: { url: `${receiver.url}/all` } })
    await world.put(noticeOf({ fleetId: world.fleet }))
    await world.told()
    expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/all', '/own'])
  })

  it('[NO4] what fired and was over before anybody was told is told as over, once', async () => {
    await webhook()
    const notice = noticeOf()
    await world.put(notice, resolvedOf(notice))
    await world.told()
    expect(bodies().map(({ status, alerts }) => [status, alerts[0]?.endsAt])).toEqual([
      ['resolved', '1970-01-01T00:01:01.000Z'],
    ])
  })

  it('[NO5] a late notice changes nothing: the newest of an incident counts', async () => {
    await webhook()
    const notice = noticeOf()
    const over = resolvedOf(notice)
    await world.put(notice)
    await world.told()
    await world.put(over)
    await world.told()
    await world.put(noticeOf({ ...notice, id: over.id.replace(/^./, '0'), atMs: over.atMs - 1 }))
    await world.told()
    expect(bodies().map(({ status }) => status)).toEqual(['firing', 'resolved'])
  })

  it.each([500, 503, 408])(
    '[NO6] %i is tried again, with the same key, until it is taken',
    async (status) => {
      const { id } = await webhook()
      receiver.reply = () => ({ status, body: 'not now' })
      await world.put(noticeOf())
      await world.told()
      for (let n = 0; n < 4; n++) {
        world.clock.advance(NOTIFICATION_WAIT_MS.longest)
        await world.turn()
      }
      receiver.reply = () => ({ status: 202 })
      world.clock.advance(NOTIFICATION_WAIT_MS.longest)
      await world.turn()
      await world.turn()
      expect([receiver.received.length, keys().length]).toEqual([6, 1])
      const log = await world.log(id)
      expect(log.map(({ outcome, attempt }) => `${outcome} ${attempt}`).sort()).toEqual([
        'delivered 6',
        ...[1, 2, 3, 4, 5].map((n) => `retried ${n}`),
      ])
      expect(log.find(({ attempt }) => attempt === 1)).toMatchObject({ status, detail: 'not now' })
    },
  )

  it('[NO6] 429 is tried again when it says, not before', async () => {
    await webhook()
    receiver.reply = () => ({ status: 429, headers: { 'retry-after': '600' } })
    await world.put(noticeOf())
    await world.told()
    receiver.reply = () => ({ status: 200 })
    world.clock.advance(599_000)
    await world.turn()
    expect(receiver.received).toHaveLength(1)
    world.clock.advance(62_000)
    await world.turn()
    expect(receiver.received).toHaveLength(2)
  })

  it('[NO7] 400 is for good, with its words in the log; a changed channel is tried with it again', async () => {
    const { id } = await webhook()
    receiver.reply = () => ({ status: 400, body: `bad ${'x'.repeat(2_000)}` })
    await world.put(noticeOf())
    await world.told()
    world.clock.advance(NOTIFICATION_TRIED_FOR_MS)
    await world.turn()
    expect(receiver.received).toHaveLength(1)
    const [line] = await world.log(id)
    expect([line?.outcome, line?.status, line?.detail.length]).toEqual(['refused', 400, 500])
    receiver.reply = () => ({ status: 202 })
    await write(world, 'PATCH', `/alerts/channels/${id}`, { settings: { url: `${receiver.url}/other` } })
    await world.turn()
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/other'])
    expect(keys()).toHaveLength(1)
  })

  it('[check 40] [NO7] a redirect is followed by nobody', async () => {
    const { id } = await webhook()
    receiver.reply = ({ path }) =>
      path === '/hook' ? { status: 307, headers: { location: `${receiver.url}/secret` } } : { status: 200 }
    await world.put(noticeOf())
    await world.told()
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook'])
    expect(await world.log(id)).toMatchObject([{ outcome: 'refused', status: 307 }])
  })

  it('[NO8] after a day it is given up, and the end is tried all the same', async () => {
    const { id } = await webhook()
    receiver.reply = () => ({ status: 500 })
    const notice = noticeOf()
    await world.put(notice)
    await world.told()
    for (let n = 0; n < 12; n++) {
      world.clock.advance(NOTIFICATION_TRIED_FOR_MS / 10)
      await world.turn()
    }
    const log = await world.log(id)
    expect(log.filter(({ outcome }) => outcome === 'gave_up')).toHaveLength(1)
    expect(receiver.received).toHaveLength(11)
    receiver.reply = () => ({ status: 200 })
    await world.put(resolvedOf(notice))
    await world.told()
    expect(bodies().at(-1)?.status).toBe('resolved')
    expect(keys()).toHaveLength(1)
  })

  it('[NO6] an answer that never comes is a try that failed', async () => {
    const { id } = await webhook()
    receiver.reply = () => null
    const { notifier } = world.another({
      egress: createEgressWithin(100),
    })
    await world.put(noticeOf())
    await world.turn()
    world.clock.advance(NOTICE_GROUP_WAIT_MS)
    await notifier.look()
    await notifier.idle()
    expect(await world.log(id)).toMatchObject([
      { outcome: 'retried', status: null, detail: 'no answer within 100 ms' },
    ])
  })

  it('[NO9] of two processes one sends; what one held that is gone is taken up when its lease is over', async () => {
    await webhook()
    await world.put(noticeOf())
    await world.turn()
    world.clock.advance(NOTICE_GROUP_WAIT_MS)
    const two = [world.another(), world.another()]
    // One that holds it, and is killed before it sends.
    const held = await world.ctx.storage.notifications.lease('killed', NOTIFICATION_LEASE_MS, 8, [])
    expect(held).toHaveLength(1)
    const both = async () => {
      await Promise.all(two.map(({ notifier }) => notifier.look()))
      await Promise.all(two.map(({ notifier }) => notifier.idle()))
    }
    await both()
    expect(receiver.received).toHaveLength(0)
    world.clock.advance(NOTIFICATION_LEASE_MS)
    await both()
    expect(receiver.received).toHaveLength(1)
    // The one that was thought to be gone comes back: what it says counts for nothing.
    const { id } = held[0]?.notification ?? { id: '' }
    const settled = await world.ctx.storage.notifications.settle(id, 'killed', (now) => ({
      next: { ...now, dueAtMs: 0 },
      delivery: null,
    }))
    expect(settled).toBe(false)
  })

  it('[NO9] a process whose clock is an hour off sends neither early nor late', async () => {
    await webhook()
    const { now } = world.clock
    const [ahead, behind] = [3_600_000, -3_600_000].map((ms) =>
      world.another({ clock: { now: () => now() + ms } }),
    )
    await world.put(noticeOf())
    await ahead?.notifier.look()
    await ahead?.notifier.idle()
    expect(receiver.received).toHaveLength(0)
    world.clock.advance(NOTICE_GROUP_WAIT_MS)
    await behind?.notifier.look()
    await behind?.notifier.idle()
    await ahead?.notifier.look()
    await ahead?.notifier.idle()
    expect(receiver.received).toHaveLength(1)
  })

  it('[NO9] what changes while it is sent is told after it, never beside it', async () => {
    await webhook()
    const notice = noticeOf()
    await world.put(notice)
    await world.turn()
    world.clock.advance(NOTICE_GROUP_WAIT_MS)
    await world.notifier.look()
    await world.put(resolvedOf(notice))
    await world.another().notifier.look()
    await world.notifier.idle()
    await world.told()
    expect(bodies().map(({ status }) => status)).toEqual(['firing', 'resolved'])
  })

  it('[NO10] a channel whose receiver hangs keeps no other from its own', async () => {
    const hung = await startReceiver()
    hung.reply = () => null
    await world.channel({ kind: 'webhook', settings: { url: hung.url } })
    await webhook()
    const rules = Array.from({ length: 30 }, (_, n) => noticeOf({ rule: `rule ${n}` }))
    await world.put(...rules)
    await world.turn()
    world.clock.advance(NOTICE_GROUP_WAIT_MS)
    const { notifier } = world.another({ egress: createEgressWithin(3_000) })
    for (let n = 0; n < 400 && receiver.received.length < 30; n++) {
      await notifier.look()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect([receiver.received.length, hung.received.length]).toEqual([30, 2])
    await hung.close()
    await notifier.stop()
  })

  it('[NO11] a channel that is switched off is told nothing, and of what it knew when it is on again', async () => {
    const { id } = await webhook()
    const notice = noticeOf()
    await world.put(notice)
    await world.told()
    const patch = (body: object) => write(world, 'PATCH', `/alerts/channels/${id}`, body)
    await patch({ enabled: false })
    await world.put(resolvedOf(notice), noticeOf())
    await world.told()
    expect(receiver.received).toHaveLength(1)
    await patch({ enabled: true })
    await world.told()
    expect(bodies().map(({ status }) => status)).toEqual(['firing', 'resolved'])
  })

  it('[NO12] a fleet that is removed resolves what channels of all fleets were told of it', async () => {
    await webhook()
    const own = await world.channel({
      kind: 'webhook',
      fleet: world.foreignFleet,
      settings: { url: receiver.url },
    })
    const notice = noticeOf({ fleetId: world.foreignFleet })
    await world.put(notice)
    await world.told()
    expect(receiver.received).toHaveLength(2)
    const typed = { name: 'Somebody else', reason: 'moved away' }
    await write(world, 'DELETE', `/fleets/${world.foreignFleet}`, typed)
    await world.told()
    expect(
      bodies()
        .slice(2)
        .map(({ status }) => status),
    ).toEqual(['resolved'])
    expect((await world.ctx.storage.notifications.channels()).map(({ id }) => id)).not.toContain(own.id)
  })
})

const createEgressWithin = (timeoutMs: number): Egress => {
  const egress = createEgress(new EgressGuard(['127.0.0.1']))
  return { ...egress, postJson: (request) => egress.postJson({ ...request, timeoutMs }) }
}

/** As an administrator of every fleet. */
async function write(world: NotifyWorld, method: string, path: string, body: object): Promise<void> {
  const { key } = await createApiKey(world.ctx, { actor: SYSTEM, body: { name: 'all', role: 'admin' } })
  const answer = await world.admin(path, jsonBody(method, body, { authorization: `Bearer ${key}` }))
  expect(answer.status).toBe(200)
}
