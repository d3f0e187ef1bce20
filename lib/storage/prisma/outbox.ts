import type { Notice } from '../notice.ts'
import type { Delivery, DueNotification, NotificationPort, Routed } from '../ports.ts'
import { atOrNull, fromJson } from './values.ts'
import { floats, ints, jsons, plainTexts, uuids } from './arrays.ts'
import type { Database, Send, Statement } from './database.ts'
import {
  CHANNEL_COLUMNS,
  channelOf,
  deliveryValues,
  itemOf,
  NOTIFICATION_COLUMNS,
  notificationOf,
  notificationValues,
  type ChannelRow,
  type ItemRow,
  type NotificationRow,
} from './notification-row.ts'

/** One process at a time: of two, the later look would not see the groups of the earlier one. */
const TRY_LOCK: Statement = {
  name: 'notice_lock',
  text: `SELECT pg_try_advisory_xact_lock(hashtextextended('notice', 64)) AS held,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`,
}
const NEXT_NOTICES: Statement = {
  name: 'notice_next',
  text: 'SELECT scope_fleet_id, id, notice FROM notice ORDER BY at, id LIMIT $1',
}
const CHANNELS: Statement = {
  name: 'notification_channels',
  text: `SELECT ${CHANNEL_COLUMNS.join(', ')} FROM notification_channel ORDER BY created_at, id`,
}
const ITEMS_OF: Statement = {
  name: 'notification_items_of',
  text: 'SELECT * FROM notification_item WHERE incident_id = ANY ($1::uuid[])',
}
/** Held against a try that ends meanwhile, in one order. */
const NOTIFICATIONS_OF: Statement = {
  name: 'notification_of',
  text: `SELECT * FROM notification WHERE id = ANY ($1::uuid[]) OR id IN (SELECT x.id FROM notification_channel c
      JOIN notification x ON x.channel_id = c.id AND x.collecting) ORDER BY id FOR UPDATE`,
}
const PUT_NOTIFICATION: Statement = {
  name: 'notification_put',
  text: `INSERT INTO notification (${NOTIFICATION_COLUMNS.join(', ')})
    VALUES (${NOTIFICATION_COLUMNS.map((_, i) => `$${i + 1}`).join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${NOTIFICATION_COLUMNS.slice(2)
      .map((name) => `${name} = excluded.${name}`)
      .join(', ')}`,
}
const PUT_ITEMS: Statement = {
  name: 'notification_put_items',
  text: `INSERT INTO notification_item (channel_id, incident_id, notification_id, scope_fleet_id, state, seq, ends_at, notice)
    SELECT c, i, n, f, s, q, to_timestamp(e / 1000), j FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[],
      $6::int[], $7::float8[], $8::json[]) u(c, i, n, f, s, q, e, j)
    ON CONFLICT (channel_id, incident_id) DO UPDATE SET notification_id = excluded.notification_id, state = excluded.state,
      seq = excluded.seq, ends_at = excluded.ends_at, notice = excluded.notice`,
}
const DROP_NOTICES: Statement = {
  name: 'notice_drop',
  text: `DELETE FROM notice n USING unnest($1::uuid[], $2::uuid[]) k(f, i) WHERE n.scope_fleet_id = k.f AND n.id = k.i`,
}
const FREE = 'n.due_at <= clock_timestamp() AND (n.lease_until IS NULL OR n.lease_until <= clock_timestamp())'
const PER_CHANNEL = 2
/** Two of a channel at most: one whose receiver is slow takes the places of no other. */
const LEASE: Statement = {
  name: 'notification_lease',
  text: `WITH due AS (SELECT d.id FROM (
      SELECT n.id, n.due_at, row_number() OVER (PARTITION BY n.channel_id ORDER BY n.due_at, n.id) AS place
      FROM notification n JOIN notification_channel c ON c.id = n.channel_id AND c.enabled
      WHERE ${FREE} AND n.channel_id <> ALL ($4::uuid[])) d
      WHERE d.place <= ${PER_CHANNEL} ORDER BY d.place, d.due_at, d.id LIMIT $3),
    held AS (SELECT n.id FROM notification n WHERE n.id IN (SELECT id FROM due) AND ${FREE} FOR UPDATE SKIP LOCKED)
    UPDATE notification n SET lease_holder = $1, lease_until = clock_timestamp() + $2 * interval '1 millisecond', collecting = false
    FROM held WHERE n.id = held.id
    RETURNING n.*, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`,
}
const ITEMS_IN: Statement = {
  name: 'notification_items_in',
  text: 'SELECT * FROM notification_item WHERE notification_id = ANY ($1::uuid[]) ORDER BY notification_id, incident_id',
}
const HOLD: Statement = {
  name: 'notification_hold',
  text: `SELECT n.*, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms FROM notification n
    WHERE n.id = $1 AND n.lease_holder = $2 FOR UPDATE`,
}
const LOG: Statement = {
  name: 'notification_log',
  text: `INSERT INTO notification_delivery (id, channel_id, notification_id, at, seq, attempt, outcome, status, detail, took_ms,
      firing, resolved, rule, title)
    SELECT $1, c.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM notification_channel c WHERE c.id = $2`,
}

type Timed<R> = R & { readonly now_ms: number }

/** The part of the port that takes out of the outbox and sends. */
export const postgresOutbox = (
  database: Database,
): Pick<NotificationPort, 'takeIn' | 'lease' | 'settle' | 'log'> => ({
  takeIn: (limit, route) =>
    database.inGlobal(async (send) => {
      const [lock] = await send<{ held: boolean; now_ms: number }>(TRY_LOCK, [])
      if (lock?.held !== true) return 0
      const rows = await send<{ scope_fleet_id: string; id: string; notice: unknown }>(NEXT_NOTICES, [limit])
      if (rows.length === 0) return 0
      const notices = rows.map(({ notice }) => fromJson<Notice>(notice))
      const incidents = uuids([...new Set(notices.map(({ incidentId }) => incidentId))])
      const [channels, items] = await Promise.all([
        send<ChannelRow>(CHANNELS, []),
        send<ItemRow>(ITEMS_OF, [incidents]),
      ])
      const ids = uuids([...new Set(items.map((item) => item.notification_id))])
      const notifications = await send<NotificationRow>(NOTIFICATIONS_OF, [ids])
      const routed = route({
        notices,
        channels: channels.map(channelOf),
        items: items.map(itemOf),
        notifications: notifications.map(notificationOf),
        nowMs: Math.floor(lock.now_ms),
      })
      await put(send, routed)
      await send(DROP_NOTICES, [
        uuids(rows.map((row) => row.scope_fleet_id)),
        uuids(rows.map(({ id }) => id)),
      ])
      return rows.length
    }),
  lease: (holder, leaseMs, limit, without) =>
    database.inGlobal(async (send) => {
      const held = await send<Timed<NotificationRow>>(LEASE, [holder, leaseMs, limit, uuids(without)])
      if (held.length === 0) return []
      const [channels, items] = await Promise.all([
        send<ChannelRow>(CHANNELS, []),
        send<ItemRow>(ITEMS_IN, [uuids(held.map(({ id }) => id))]),
      ])
      return held.flatMap((row): DueNotification[] => {
        const channel = channels.find(({ id }) => id === row.channel_id)
        const own = items.filter((item) => item.notification_id === row.id).map(itemOf)
        const notification = notificationOf(row)
        return channel
          ? [{ notification, channel: channelOf(channel), items: own, nowMs: Math.floor(row.now_ms) }]
          : []
      })
    }),
  settle: (id, holder, settle) =>
    database.inGlobal(async (send) => {
      const [row] = await send<Timed<NotificationRow>>(HOLD, [id, holder])
      if (!row) return false
      const items = (await send<ItemRow>(ITEMS_IN, [uuids([id])])).map(itemOf)
      const { next, delivery } = settle(notificationOf(row), items, Math.floor(row.now_ms))
      await send(PUT_NOTIFICATION, notificationValues(next))
      if (delivery) await send(LOG, deliveryValues(delivery))
      return true
    }),
  log: async (delivery: Delivery) => {
    await database.oneGlobal(LOG, deliveryValues(delivery))
  },
})

async function put(send: Send, { notifications, items }: Routed): Promise<void> {
  for (const notification of notifications) await send(PUT_NOTIFICATION, notificationValues(notification))
  if (items.length === 0) return
  await send(PUT_ITEMS, [
    uuids(items.map(({ channelId }) => channelId)),
    uuids(items.map(({ incidentId }) => incidentId)),
    uuids(items.map(({ notificationId }) => notificationId)),
    uuids(items.map(({ fleetId }) => fleetId)),
    plainTexts(items.map(({ state }) => state)),
    ints(items.map(({ seq }) => seq)),
    floats(items.map(({ endsAtMs }) => endsAtMs)),
    jsons(items.map(({ notice }) => notice)),
  ])
}

const FORGET: readonly Statement[] = [
  { name: 'notice_forget_fleet', text: 'DELETE FROM notice WHERE scope_fleet_id = $1' },
  {
    name: 'notification_channel_forget_fleet',
    text: 'DELETE FROM notification_channel WHERE scope_fleet_id = $1',
  },
]
/** What fired of it, told to channels of all fleets, is over: nothing else would ever say so. */
const RESOLVE: Statement = {
  name: 'notification_resolve_fleet',
  text: `WITH open AS (SELECT DISTINCT notification_id AS id FROM notification_item WHERE scope_fleet_id = $1 AND state <> 'resolved'),
    moved AS (UPDATE notification n SET seq = n.seq + 1, changed_at = clock_timestamp(), closed_at = NULL,
        due_at = least(coalesce(n.due_at, clock_timestamp()), clock_timestamp()) FROM open WHERE n.id = open.id RETURNING n.id, n.seq)
    UPDATE notification_item i SET state = 'resolved', ends_at = $2, seq = m.seq FROM moved m
    WHERE i.notification_id = m.id AND i.scope_fleet_id = $1 AND i.state <> 'resolved'`,
}

/** Within the transaction that removes the fleet. */
export async function forgetNotificationsOfFleet(send: Send, fleetId: string, atMs: number): Promise<void> {
  for (const statement of FORGET) await send(statement, [fleetId])
  await send(RESOLVE, [fleetId, atOrNull(atMs)])
}
