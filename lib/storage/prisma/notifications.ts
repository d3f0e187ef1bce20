import type { NotificationPort } from '../ports.ts'
import { uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import {
  CHANNEL_COLUMNS,
  channelOf,
  channelValues,
  deliveryOf,
  itemOf,
  notificationOf,
  type ChannelRow,
  type DeliveryRow,
  type ItemRow,
  type NotificationRow,
} from './notification-row.ts'
import { postgresOutbox } from './outbox.ts'
import { pageOf } from './page.ts'
import { putNotices } from './put-notices.ts'
import { storableText } from './storable-text.ts'
import { at } from './values.ts'

const COLUMNS = CHANNEL_COLUMNS.join(', ')
const LOCK: Statement = {
  name: 'notification_channel_lock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('notification_channel', 64))`,
}
const COUNT: Statement = {
  name: 'notification_channel_count',
  text: 'SELECT count(*) AS count FROM notification_channel',
}
const LIST: Statement = {
  name: 'notification_channel_list',
  text: `SELECT ${COLUMNS} FROM notification_channel ORDER BY created_at, id`,
}
const GET: Statement = {
  name: 'notification_channel_get',
  text: `SELECT ${COLUMNS} FROM notification_channel WHERE id = $1 FOR UPDATE`,
}
const ADD: Statement = {
  name: 'notification_channel_add',
  text: `INSERT INTO notification_channel (${COLUMNS}) VALUES (${CHANNEL_COLUMNS.map((_, i) => `$${i + 1}`).join(', ')})`,
}
const SAVE: Statement = {
  name: 'notification_channel_save',
  text: `UPDATE notification_channel SET ${CHANNEL_COLUMNS.slice(1)
    .map((name, i) => `${name} = $${i + 2}`)
    .join(', ')} WHERE id = $1`,
}
const REMOVE: Statement = {
  name: 'notification_channel_remove',
  text: 'DELETE FROM notification_channel WHERE id = $1',
}
/** What was given up may go through now. */
const TRY_AGAIN: Statement = {
  name: 'notification_try_again',
  text: `UPDATE notification SET due_at = clock_timestamp(), changed_at = clock_timestamp(), attempts = 0
    WHERE channel_id = $1 AND due_at IS NULL AND closed_at IS NULL AND told_seq < seq`,
}
/** Newest first, by what is asked for: each has a plan of its own. */
const deliveries = (byOutcome: boolean, byWords: boolean, behind: boolean): Statement => ({
  name: `notification_deliveries_${Number(byOutcome)}${Number(byWords)}${Number(behind)}`,
  text: `SELECT * FROM notification_delivery WHERE channel_id = $1 AND ${byOutcome ? 'outcome = $3' : '$3::text IS NULL'}
      AND ${byWords ? 'strpos(lower(title || chr(10) || detail || chr(10) || rule), lower($4)) > 0' : '$4::text IS NULL'}
      AND ${behind ? '(at, id) < ($5, $6)' : '$5::timestamptz IS NULL AND $6::uuid IS NULL'}
    ORDER BY at DESC, id DESC LIMIT $2`,
})
const TOLD_ITEMS: Statement = {
  name: 'notification_told_items',
  text: 'SELECT * FROM notification_item WHERE incident_id = $1',
}
const TOLD_NOTIFICATIONS: Statement = {
  name: 'notification_told',
  text: 'SELECT * FROM notification WHERE id = ANY ($1::uuid[])',
}
/** By each channel's log, newest first: it has no index by notification. */
const TOLD_LAST: Statement = {
  name: 'notification_told_last',
  text: `SELECT d.* FROM notification n CROSS JOIN LATERAL (SELECT * FROM notification_delivery
      WHERE channel_id = n.channel_id AND notification_id = n.id ORDER BY at DESC, id DESC LIMIT 1) d
    WHERE n.id = ANY ($1::uuid[])`,
}
const expire = (table: string, column: string): Statement => ({
  name: `expire_${table}`,
  text: `WITH gone AS (DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${column} < $1 LIMIT $2) RETURNING 1)
    SELECT count(*) AS count FROM gone`,
})
const EXPIRE = [expire('notification_delivery', 'at'), expire('notification', 'closed_at')]

/** Channels and the outbox on PostgreSQL (decision 0064). */
export function postgresNotifications(database: Database): NotificationPort {
  return {
    ...postgresOutbox(database),
    channels: async () => (await database.oneGlobal<ChannelRow>(LIST, [])).map(channelOf),
    addChannel: (channel, max, audit) =>
      database.inGlobal(async (send) => {
        await send(LOCK, [])
        const [row] = await send<{ count: number }>(COUNT, [])
        if ((row?.count ?? 0) >= max) return 'full'
        await send(ADD, channelValues(channel))
        await insertAudit(send, audit)
        return 'added'
      }),
    changeChannel: (id, change) =>
      database.inGlobal(async (send) => {
        const [row] = await send<ChannelRow>(GET, [id])
        if (!row) return null
        const channel = channelOf(row)
        const { next, audit } = change(channel)
        if (next) {
          await send(SAVE, channelValues(next))
          await send(TRY_AGAIN, [id])
        } else await send(REMOVE, [id])
        await insertAudit(send, audit)
        return next ?? channel
      }),
    put: (notices) => database.inGlobal((send) => putNotices(send, notices)),
    deliveries: async ({ channelId, outcome, words }, { limit, cursor }) => {
      const statement = deliveries(outcome !== null, words !== null, cursor !== null)
      const values = [
        channelId,
        limit + 1,
        outcome,
        words === null ? null : storableText(words),
        cursor && at(cursor.atMs),
        cursor && cursor.id,
      ]
      const rows = await database.oneGlobal<DeliveryRow>(statement, values)
      return pageOf(rows.map(deliveryOf), ({ atMs, id }) => ({ atMs, id }), limit)
    },
    toldOf: (incidentId) =>
      database.inGlobal(async (send) => {
        const items = (await send<ItemRow>(TOLD_ITEMS, [incidentId])).map(itemOf)
        const ids = uuids(items.map((item) => item.notificationId))
        const [notifications, tries] = await Promise.all([
          send<NotificationRow>(TOLD_NOTIFICATIONS, [ids]),
          send<DeliveryRow>(TOLD_LAST, [ids]),
        ])
        return items.flatMap((item) => {
          const row = notifications.find(({ id }) => id === item.notificationId)
          const last = tries.find((one) => one.notification_id === item.notificationId)
          return row
            ? [{ item, notification: notificationOf(row), last: last ? deliveryOf(last) : null }]
            : []
        })
      }),
    expire: (beforeMs, batch) =>
      database.inGlobal(async (send) => {
        const counts = await Promise.all(
          EXPIRE.map((statement) => send<{ count: number }>(statement, [at(beforeMs), batch])),
        )
        return counts.some(([row]) => row?.count === batch)
      }),
  }
}
