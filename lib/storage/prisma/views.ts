import type { SavedView, ViewPage, ViewPort } from '../ports.ts'
import { isNameTaken } from '../view-values.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

/** One write at a time in a fleet, so that names and bounds hold. */
const LOCK: Statement = {
  name: 'view_lock',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 3))',
}
const LIST: Statement = {
  name: 'view_list',
  text: `SELECT * FROM saved_view WHERE fleet_id = $1 AND page = $2 ORDER BY name COLLATE "C", id`,
}
const FIND: Statement = {
  name: 'view_find',
  text: 'SELECT * FROM saved_view WHERE fleet_id = $1 AND id = $2',
}
const PUT: Statement = {
  name: 'view_put',
  text: `INSERT INTO saved_view (fleet_id, id, page, name, params, shared, owner_id, owner_name, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (fleet_id, id) DO UPDATE SET name = $4, params = $5, shared = $6`,
}
const REMOVE: Statement = {
  name: 'view_remove',
  text: 'DELETE FROM saved_view WHERE fleet_id = $1 AND id = $2',
}

interface Row extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly page: string
  readonly name: string
  readonly params: unknown
  readonly shared: boolean
  readonly owner_id: string
  readonly owner_name: string
  readonly created_at: Date
}

export function postgresViews(database: Database): ViewPort {
  return {
    add: (view, isFull, audit) =>
      database.inFleet(view.fleetId, async (send) => {
        await send(LOCK, [view.fleetId])
        const others = await list(send, view.fleetId, view.page)
        if (isNameTaken(view, others)) return 'name_taken'
        if (isFull(others)) return 'full'
        await put(send, view)
        if (audit) await insertAudit(send, audit)
        return 'added'
      }),
    list: (fleetId, page) => database.inFleet(fleetId, (send) => list(send, fleetId, page)),
    change: (fleetId, id, change) =>
      database.inFleet(fleetId, async (send) => {
        await send(LOCK, [fleetId])
        const [row] = await send<Row>(FIND, [fleetId, id])
        if (!row) return null
        const view = viewOf(row)
        const others = (await list(send, fleetId, view.page)).filter((other) => other.id !== id)
        const { next, audit } = change(view, others)
        if (next && isNameTaken(next, others)) return 'name_taken'
        if (next) await put(send, next)
        else await send(REMOVE, [fleetId, id])
        if (audit) await insertAudit(send, audit)
        return next ?? view
      }),
  }
}

const list = async (send: Send, fleetId: string, page: ViewPage): Promise<SavedView[]> =>
  (await send<Row>(LIST, [fleetId, page])).map(viewOf)

const put = (send: Send, view: SavedView): Promise<unknown> =>
  send(PUT, [
    view.fleetId,
    view.id,
    view.page,
    storableText(view.name),
    JSON.stringify(view.params),
    view.shared,
    view.ownerId,
    storableText(view.ownerName),
    at(view.createdAtMs),
  ])

const viewOf = (row: Row): SavedView => ({
  id: row.id,
  fleetId: row.fleet_id,
  page: row.page as ViewPage,
  name: originalText(row.name),
  params: fromJson<Record<string, string>>(row.params),
  shared: row.shared,
  ownerId: row.owner_id,
  ownerName: originalText(row.owner_name),
  createdAtMs: ms(row.created_at),
})
