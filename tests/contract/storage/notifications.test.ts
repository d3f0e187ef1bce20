import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { routeNotices } from '#lib/application/notifications/route-notices.ts'
import type { Channel, Delivery, Notification, Storage } from '#lib/storage/ports.ts'
import { noticeOf, resolvedOf } from '#tests/support/notify-world.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

const channelOf = (changes: Partial<Channel> = {}): Channel => ({
  id: randomUUID(),
  fleetId: null,
  name: 'on call\0',
  kind: 'webhook',
  settings: { url: 'https://example.org/\\u0000' },
  sealed: null,
  keyId: 'k',
  severities: ['critical', 'warning'],
  template: { title: null, body: '\\ {{title}}' },
  enabled: true,
  version: 1,
  createdAtMs: NOW_MS,
  changedAtMs: NOW_MS,
  ...changes,
})

const LEASE_MS = 60_000

describe.each(BACKENDS)('notifications over $name', (backend) => {
  const current = opened(backend)
  const takeIn = (storage: Storage, groupWaitMs = 0) =>
    storage.notifications.takeIn(100, (intake) => routeNotices(intake, { makeId: randomUUID, groupWaitMs }))
  const lease = (storage: Storage, holder: string, without: readonly string[] = []) =>
    storage.notifications.lease(holder, LEASE_MS, 8, without)
  const add = async (storage: Storage, changes: Partial<Channel> = {}): Promise<Channel> => {
    const channel = channelOf(changes)
    expect(await storage.notifications.addChannel(channel, 100, audit())).toBe('added')
    return channel
  }
  const drop = (storage: Storage, id: string) =>
    storage.notifications.changeChannel(id, () => ({ next: null, audit: audit('channel.remove') }))

  it('[NO14] keeps channels as they are, no more than there may be, changes and removes them with what is of them', async () => {
    const { storage } = current()
    const { notifications } = storage
    const channel = await add(storage)
    const there = (await notifications.channels()).length
    expect(await notifications.addChannel(channelOf(), there, audit())).toBe('full')
    expect((await notifications.channels()).find(({ id }) => id === channel.id)).toEqual(channel)
    const next = { ...channel, name: 'day', sealed: 'v1.x', version: 2 }
    const changed = await notifications.changeChannel(channel.id, (now) => {
      expect(now).toEqual(channel)
      return { next, audit: audit('channel.change') }
    })
    expect(changed).toEqual(next)
    expect(await notifications.changeChannel(randomUUID(), () => ({ next: null, audit: audit() }))).toBeNull()
    await notifications.put([noticeOf()])
    await takeIn(storage)
    expect(await drop(storage, channel.id)).toEqual(next)
    expect((await notifications.channels()).some(({ id }) => id === channel.id)).toBe(false)
    expect((await lease(storage, 'a')).filter((due) => due.channel.id === channel.id)).toEqual([])
  })

  it('[NO1] [NO2] takes notices out once, and what they make of notifications stays', async () => {
    const { storage } = current()
    const channel = await add(storage)
    const fired = [noticeOf({ title: 'a\0b' }), noticeOf()]
    await storage.notifications.put([...fired, ...fired])
    await storage.notifications.put(fired)
    expect(await takeIn(storage, 60_000)).toBe(2)
    expect(await takeIn(storage)).toBe(0)
    // A third joins the group, one of another rule does not; nothing is due before the wait is over.
    await storage.notifications.put([noticeOf(), noticeOf({ rule: 'other\0' })])
    expect(await takeIn(storage, 60_000)).toBe(2)
    expect(await lease(storage, 'a')).toEqual([])
    await storage.notifications.put([resolvedOf(fired[0] ?? noticeOf())])
    const seen: Notification[] = []
    await storage.notifications.takeIn(9, (intake) => {
      expect(intake.items.map(({ notice }) => notice)).toEqual([fired[0]])
      seen.push(...intake.notifications)
      return { notifications: intake.notifications.map((one) => ({ ...one, dueAtMs: 0 })), items: [] }
    })
    expect(seen.map(({ rule, items, collecting }) => [rule, items, collecting]).sort()).toEqual([
      [fired[0]?.rule, 3, true],
      ['other\0', 1, true],
    ])
    const due = await lease(storage, 'a')
    expect(due.map(({ items }) => items.length).sort()).toEqual([1, 3])
    expect(due.every((one) => !one.notification.collecting && one.channel.name === channel.name)).toBe(true)
    await drop(storage, channel.id)
  })

  it('[NO14] of one incident, each channel with how it stands and its last try', async () => {
    const { storage } = current()
    const { notifications } = storage
    const [one, other] = [await add(storage, { name: 'a' }), await add(storage, { name: 'b' })]
    const [fired, beside] = [noticeOf(), noticeOf({ rule: 'beside' })]
    await notifications.put([fired, beside])
    await takeIn(storage)
    const before = await notifications.toldOf(fired.incidentId)
    expect(before.map(({ item, last }) => [item.channelId, last]).sort()).toEqual(
      [
        [one.id, null],
        [other.id, null],
      ].sort(),
    )
    const due = await lease(storage, 'a', [other.id])
    for (const { notification, items } of due)
      for (const attempt of [1, 2]) {
        const outcome = attempt === 2 ? 'delivered' : 'retried'
        const delivery: Delivery = {
          id: randomUUID(),
          channelId: one.id,
          notificationId: notification.id,
          atMs: NOW_MS + attempt,
          seq: notification.seq,
          attempt,
          outcome,
          status: 202,
          detail: `${items[0]?.notice.rule}\0`,
          tookMs: 4,
          firing: 1,
          resolved: 0,
          rule: notification.rule,
          title: 't',
        }
        await notifications.settle(notification.id, 'a', (now) => ({
          next: { ...now, toldSeq: now.seq, lease: attempt === 1 ? now.lease : null, dueAtMs: null },
          delivery,
        }))
      }
    const told = await notifications.toldOf(fired.incidentId)
    const byChannel = new Map(told.map((at) => [at.item.channelId, at]))
    expect(byChannel.size).toBe(2)
    const took = byChannel.get(one.id)
    expect(took?.item.incidentId).toBe(fired.incidentId)
    expect(took?.notification.toldSeq).toBe(took?.notification.seq)
    expect(took?.last).toMatchObject({ outcome: 'delivered', attempt: 2, detail: `${fired.rule}\0` })
    expect(byChannel.get(other.id)).toMatchObject({ notification: { toldSeq: 0 }, last: null })
    expect(await notifications.toldOf(randomUUID())).toEqual([])
    await drop(storage, one.id)
    await drop(storage, other.id)
  })

  it('[NO9] one holder at a time, two of a channel, none of those that are busy, until it is settled or over', async () => {
    const { storage } = current()
    const { notifications } = storage
    const channel = await add(storage)
    const busy = await add(storage)
    await notifications.put(['a', 'b', 'c'].map((rule) => noticeOf({ rule })))
    await takeIn(storage)
    const both = await Promise.all([lease(storage, 'a', [busy.id]), lease(storage, 'b', [busy.id])])
    const held = both.flat()
    expect(held.length).toBeGreaterThanOrEqual(2)
    expect(new Set(held.map(({ notification }) => notification.id)).size).toBe(held.length)
    expect(held.every((due) => due.channel.id === channel.id)).toBe(true)
    for (const due of [...held, ...(await lease(storage, 'a', [busy.id]))]) {
      const { id, lease: kept } = due.notification
      expect(kept?.untilMs).toBeGreaterThan(due.nowMs)
      expect(await notifications.settle(id, 'another', (now) => ({ next: now, delivery: null }))).toBe(false)
      const delivery: Delivery = {
        id: randomUUID(),
        channelId: channel.id,
        notificationId: id,
        atMs: NOW_MS,
        seq: 1,
        attempt: 1,
        outcome: 'delivered',
        status: 200,
        detail: 'ok\0',
        tookMs: 3,
        firing: 1,
        resolved: 0,
        rule: due.notification.rule,
        title: 'T',
      }
      const settled = await notifications.settle(id, kept?.holder ?? '', (now, items) => {
        expect(items.map(({ incidentId }) => incidentId)).toEqual(
          due.items.map(({ incidentId }) => incidentId),
        )
        return { next: { ...now, lease: null, dueAtMs: null, toldSeq: 1 }, delivery }
      })
      expect(settled).toBe(true)
    }
    expect(await lease(storage, 'a', [busy.id])).toEqual([])
    const page = (words: string | null, limit = 2, outcome: Delivery['outcome'] | null = null) =>
      notifications.deliveries({ channelId: channel.id, outcome, words }, { limit, cursor: null })
    const first = await page(null)
    expect(first.items).toHaveLength(2)
    const filter = { channelId: channel.id, outcome: null, words: null }
    expect((await notifications.deliveries(filter, { limit: 2, cursor: first.next })).items).toHaveLength(1)
    expect((await page('OK\0', 9)).items.map(({ detail }) => detail)).toEqual(Array(3).fill('ok\0'))
    expect((await page('nothing of it', 9)).items).toEqual([])
    expect((await page(null, 9, 'refused')).items).toEqual([])
    await Promise.all([channel.id, busy.id].map((id) => drop(storage, id)))
  })

  it('[NO7] [NO11] a channel that is off is not sent to; a change tries again what was given up', async () => {
    const { storage } = current()
    const { notifications } = storage
    const channel = await add(storage)
    await notifications.put([noticeOf()])
    await takeIn(storage)
    const save = (next: Channel) =>
      notifications.changeChannel(channel.id, () => ({ next, audit: audit('channel.change') }))
    await save({ ...channel, enabled: false })
    expect(await lease(storage, 'a')).toEqual([])
    await save(channel)
    const [due] = await lease(storage, 'a')
    const id = due?.notification.id ?? ''
    await notifications.settle(id, 'a', (now) => ({
      next: { ...now, lease: null, dueAtMs: null },
      delivery: null,
    }))
    expect(await lease(storage, 'a')).toEqual([])
    await save({ ...channel, version: 2 })
    expect((await lease(storage, 'a')).map(({ notification }) => notification.id)).toEqual([id])
    await drop(storage, channel.id)
  })

  it('[NO12] a fleet that is removed takes its channels and notices along, and resolves what others were told', async () => {
    const { storage } = current()
    const { notifications } = storage
    const fleet = await makeFleet(storage)
    const [own, all] = [await add(storage, { fleetId: fleet.id }), await add(storage)]
    await notifications.put([noticeOf({ fleetId: fleet.id }), noticeOf()])
    await takeIn(storage)
    for (const { notification } of await lease(storage, 'a'))
      await notifications.settle(notification.id, 'a', (now) => ({
        next: { ...now, lease: null, dueAtMs: null, toldSeq: now.seq },
        delivery: null,
      }))
    await notifications.put([noticeOf({ fleetId: fleet.id })])
    expect(await storage.fleets.remove(fleet.id, NOW_MS, audit())).toBe('removed')
    expect(await takeIn(storage)).toBe(0)
    const ids = (await notifications.channels()).map(({ id }) => id)
    expect([ids.includes(own.id), ids.includes(all.id)]).toEqual([false, true])
    const [due, ...others] = await lease(storage, 'a')
    expect(others).toEqual([])
    expect(due?.items.map(({ fleetId, state, endsAtMs }) => [fleetId, state, endsAtMs])).toEqual([
      [fleet.id, 'resolved', NOW_MS],
    ])
    expect(due?.notification.seq).toBeGreaterThan(due?.notification.toldSeq ?? 0)
    await drop(storage, all.id)
  })

  it('drops lines of the log and what is over, in batches', async () => {
    const { storage } = current()
    const { notifications } = storage
    const channel = await add(storage)
    await notifications.put([noticeOf(), noticeOf({ rule: 'b' })])
    await takeIn(storage)
    const [over, open] = await lease(storage, 'a')
    const settle = (due: typeof over, closedAtMs: number | null) =>
      notifications.settle(due?.notification.id ?? '', 'a', (now) => ({
        next: { ...now, lease: null, dueAtMs: closedAtMs === null ? 0 : null, closedAtMs },
        delivery: null,
      }))
    await settle(over, NOW_MS)
    await settle(open, null)
    expect(await notifications.expire(NOW_MS, 10)).toBe(false)
    expect(await notifications.expire(NOW_MS + 1, 10)).toBe(false)
    const known: string[] = []
    await notifications.put(
      [over, open].flatMap((due) => due?.items.map(({ notice }) => resolvedOf(notice)) ?? []),
    )
    await notifications.takeIn(9, ({ items }) => {
      known.push(...items.map(({ notificationId }) => notificationId))
      return { notifications: [], items: [] }
    })
    expect(known).toEqual([open?.notification.id])
    await drop(storage, channel.id)
  })
})

describe('the outbox under row-level security', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

  it('in the transaction of a fleet is of that fleet, and of none', async () => {
    const { storage, url } = current()
    const [own, foreign] = [await makeFleet(storage), await makeFleet(storage)]
    for (const fleetId of [own.id, foreign.id, null])
      await storage.notifications.addChannel(channelOf({ fleetId }), 100, audit())
    await storage.notifications.put([noticeOf({ fleetId: own.id }), noticeOf({ fleetId: foreign.id })])
    const client = new pg.Client({ connectionString: url ?? '' })
    await client.connect()
    const asFleet = async (text: string, fleetId: string): Promise<unknown[]> => {
      await client.query('BEGIN')
      try {
        await client.query('SET LOCAL ROLE tidemark_runtime')
        await client.query(`SELECT set_config('app.fleet', $1, true)`, [fleetId])
        return (await client.query<Record<string, unknown>>(text)).rows
      } finally {
        await client.query('ROLLBACK')
      }
    }
    const insert = `INSERT INTO notice VALUES ('${foreign.id}', '${randomUUID()}', now(), '{}')`
    try {
      expect(await asFleet('SELECT scope_fleet_id AS fleet FROM notice', own.id)).toEqual([{ fleet: own.id }])
      const channels = 'SELECT scope_fleet_id AS fleet FROM notification_channel ORDER BY 1 NULLS LAST'
      expect(await asFleet(channels, own.id)).toEqual([{ fleet: own.id }, { fleet: null }])
      await expect(asFleet(insert, own.id)).rejects.toThrow('row-level security')
      await expect(asFleet('UPDATE notice SET at = now()', own.id)).rejects.toThrow('permission denied')
    } finally {
      await client.end()
    }
  })
})
