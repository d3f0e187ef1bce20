import type { Json } from '#lib/kernel/json.ts'
import type { AuditEntry, AuditPort } from '../ports.ts'
import type { Database, Send, Statement } from './database.ts'
import type { Audit } from './generated/client.ts'
import { pageAfter, pageOf } from './page.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

const INSERT: Statement = {
  name: 'audit_insert',
  text: `INSERT INTO audit (id, at, scope_fleet_id, actor_kind, actor_id, actor_name, action, target, reason, before, after, address, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
}

const text = (value: string | null): string | null => (value === null ? null : storableText(value))
const original = (value: string | null): string | null => (value === null ? null : originalText(value))

/** Writes an entry in the transaction of what it tells of. */
export async function insertAudit(send: Send, entry: AuditEntry): Promise<void> {
  const { actor } = entry
  await send(INSERT, [
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

export function postgresAudit(database: Database): AuditPort {
  return {
    append: (entry) => database.inGlobal((send) => insertAudit(send, entry)),
    list: async (filter, page) => {
      const rows = await database.prismaInGlobal((tx) =>
        tx.audit.findMany({
          where: {
            ...(filter.fleetId === null ? {} : { scopeFleetId: filter.fleetId }),
            ...(filter.action === null ? {} : { action: storableText(filter.action) }),
            ...pageAfter('at', page.cursor),
          },
          orderBy: [{ at: 'desc' }, { id: 'desc' }],
          take: page.limit + 1,
        }),
      )
      return pageOf(rows.map(entryOf), (entry) => ({ atMs: entry.atMs, id: entry.id }), page.limit)
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
