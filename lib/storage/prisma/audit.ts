import type { Json } from '#lib/kernel/json.ts'
import type { AuditEntry, AuditPort } from '../ports.ts'
import type { Database, Send, Statement } from './database.ts'
import type { Audit } from './generated/client.ts'
import { pageOf } from './page.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

const INSERT: Statement = {
  name: 'audit_insert',
  text: `INSERT INTO audit (id, at, scope_fleet_id, actor_kind, actor_id, actor_name, action, target, reason, before, after, address, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
}

/** Newest first, by what is asked for: each has a plan of its own. Charts ask it too, so it is one round trip. */
function listOf(byFleet: boolean, byAction: boolean, behind: boolean): Statement {
  const names: string[] = []
  const conditions: string[] = []
  let count = 1
  const next = (): string => `$${(count += 1)}`
  if (byFleet) conditions.push(`scope_fleet_id = ${next()}`)
  if (byAction) conditions.push(`action = ${next()}`)
  if (behind) conditions.push(`(at, id) < (${next()}, ${next()})`)
  for (const [name, is] of Object.entries({ fleet: byFleet, action: byAction, behind }))
    if (is) names.push(name)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return {
    name: ['audit_list', ...names].join('_'),
    text: `SELECT id, at, scope_fleet_id AS "scopeFleetId", actor_kind AS "actorKind", actor_id AS "actorId",
        actor_name AS "actorName", action, target, reason, before, after, address, outcome
      FROM audit ${where} ORDER BY at DESC, id DESC LIMIT $1`,
  }
}

const text = (value: string | null): string | null => (value === null ? null : storableText(value))
const original = (value: string | null): string | null => (value === null ? null : originalText(value))

/** Writes an entry in the transaction of what it tells of. What can't be written throws before anything is sent. */
export function insertAudit(send: Send, entry: AuditEntry): Promise<unknown> {
  const { actor } = entry
  return send(INSERT, [
    entry.id,
    at(entry.atMs),
    entry.fleetId,
    actor.kind,
    text(actor.id),
    text(actor.name),
    text(entry.action),
    text(entry.target),
    text(entry.reason),
    JSON.stringify(entry.before),
    JSON.stringify(entry.after),
    text(entry.address),
    entry.outcome,
  ])
}

const ofTarget = (isOfFleet: boolean): Statement => ({
  name: isOfFleet ? 'audit_of_target' : 'audit_of_target_global',
  text: `SELECT id, at, scope_fleet_id AS "scopeFleetId", actor_kind AS "actorKind", actor_id AS "actorId",
      actor_name AS "actorName", action, target, reason, before, after, address, outcome
    FROM audit WHERE scope_fleet_id ${isOfFleet ? '= $3' : 'IS NULL'} AND target = $1 ORDER BY at DESC, id DESC LIMIT $2`,
})
const OF_TARGET = ofTarget(true)
const OF_TARGET_GLOBAL = ofTarget(false)

export function postgresAudit(database: Database): AuditPort {
  return {
    append: async (entry) => {
      await database.inGlobal((send) => insertAudit(send, entry))
    },
    list: async (filter, page) => {
      const { fleetId, action } = filter
      const { cursor } = page
      const rows = await database.oneGlobal<Audit>(
        listOf(fleetId !== null, action !== null, cursor !== null),
        [
          page.limit + 1,
          ...(fleetId === null ? [] : [fleetId]),
          ...(action === null ? [] : [storableText(action)]),
          ...(cursor === null ? [] : [at(cursor.atMs), cursor.id]),
        ],
      )
      return pageOf(rows.map(entryOf), (entry) => ({ atMs: entry.atMs, id: entry.id }), page.limit)
    },
    ofTarget: async (fleetId, target, limit) => {
      const values = [storableText(target), limit, ...(fleetId === null ? [] : [fleetId])]
      const statement = fleetId === null ? OF_TARGET_GLOBAL : OF_TARGET
      return (await database.oneGlobal<Audit>(statement, values)).map(entryOf)
    },
  }
}

function entryOf(row: Audit): AuditEntry {
  return {
    id: row.id,
    atMs: ms(row.at),
    fleetId: row.scopeFleetId,
    actor: {
      kind: row.actorKind as AuditEntry['actor']['kind'],
      id: originalText(row.actorId),
      name: originalText(row.actorName),
    },
    action: originalText(row.action),
    target: originalText(row.target),
    reason: original(row.reason),
    before: fromJson<Json>(row.before),
    after: fromJson<Json>(row.after),
    address: original(row.address),
    outcome: row.outcome as AuditEntry['outcome'],
  }
}
