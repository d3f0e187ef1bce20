import type { Json } from '#lib/kernel/json.ts'
import { storedEntry, type Link } from '../audit-chain.ts'
import type { AuditEntry, AuditHead, AuditPort, StoredAudit } from '../ports.ts'
import { bigints, floats, jsonTexts, plainTexts, texts, uuids } from './arrays.ts'
import { AUDIT_COLUMNS, listAudit } from './audit-list.ts'
import { auditAtBehind, auditMs, isAuditTime } from './audit-time.ts'
import type { Database, Send, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { fromJson } from './values.ts'

/** Stands for an entry that is collected in its transaction and chained at its end: it is never sent (decision 0065). */
export const AUDIT_ENTRY: Statement = { name: 'audit_entry', text: '' }
/** Whoever has it is the only one that lengthens the chain, until its transaction ends. */
export const LOCK_HEAD: Statement = {
  name: 'audit_head_lock',
  text: 'SELECT seq, mac FROM audit_head FOR UPDATE',
}
/**
 * Fails where a write did not write all of its rows, such as by a trigger that swallows them: the commit is on its way already,
 * so that PostgreSQL alone can still stop it. It says so by a text that is no number.
 */
const wroteAll = (write: string, what: string, count: string): string => `WITH wrote AS (${write} RETURNING 1)
  SELECT CASE WHEN count(*) = ${count} THEN 0 ELSE ('${what} took ' || count(*) || ' of ' || ${count})::int END AS missing
  FROM wrote`
const MOVE_HEAD: Statement = {
  name: 'audit_head_move',
  text: wroteAll('UPDATE audit_head SET seq = $1, mac = $2', 'the head of the audit log', '1'),
}
const INSERT: Statement = {
  name: 'audit_insert',
  text: wroteAll(
    `INSERT INTO audit (id, at, scope_fleet_id, actor_kind, actor_id, actor_name, action, target, reason, before, after,
      address, outcome, seq, mac)
    SELECT k.i, to_timestamp(k.t / 1000), k.f, k.ak, k.ai, k.an, k.ac, k.ta, k.re, k.be, k.af, k.ad, k.o, k.s, k.m
    FROM unnest($1::text[], $2::float8[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::json[], $11::json[], $12::text[], $13::text[], $14::bigint[], $15::text[])
      k(i, t, f, ak, ai, an, ac, ta, re, be, af, ad, o, s, m)`,
    'the audit log',
    'cardinality($1::text[])',
  ),
}

/**
 * Writes an entry in the transaction of what it tells of: it is chained right before that one commits, so that the head of
 * the chain is held for a moment. What can't be written throws here.
 */
export function insertAudit(send: Send, entry: AuditEntry): Promise<unknown> {
  return send(AUDIT_ENTRY, [storedEntry(entry)])
}

/** Sends entries with their links, and the head behind them. */
export function writeChained(
  send: Send,
  entries: readonly AuditEntry[],
  links: readonly Link[],
  head: AuditHead,
): Promise<unknown> {
  const column = <T>(read: (entry: AuditEntry) => T): T[] => entries.map(read)
  return Promise.all([
    send(INSERT, [
      plainTexts(column(({ id }) => id)),
      floats(column(({ atMs }) => atMs)),
      uuids(column(({ fleetId }) => fleetId)),
      plainTexts(column(({ actor }) => actor.kind)),
      texts(column(({ actor }) => actor.id)),
      texts(column(({ actor }) => actor.name)),
      texts(column(({ action }) => action)),
      texts(column(({ target }) => target)),
      texts(column(({ reason }) => reason)),
      jsonTexts(column(({ before }) => JSON.stringify(before))),
      jsonTexts(column(({ after }) => JSON.stringify(after))),
      texts(column(({ address }) => address)),
      plainTexts(column(({ outcome }) => outcome)),
      bigints(links.map(({ seq }) => seq)),
      plainTexts(links.map(({ mac }) => mac)),
    ]),
    send(MOVE_HEAD, [head.seq, head.mac]),
  ])
}

const ofTarget = (isOfFleet: boolean): Statement => ({
  name: isOfFleet ? 'audit_of_target' : 'audit_of_target_global',
  text: `SELECT ${AUDIT_COLUMNS} FROM audit WHERE scope_fleet_id ${isOfFleet ? '= $3' : 'IS NULL'} AND target = $1
    ORDER BY at DESC, id DESC LIMIT $2`,
})
const OF_TARGET = ofTarget(true)
const OF_TARGET_GLOBAL = ofTarget(false)
const GET: Statement = { name: 'audit_get', text: `SELECT ${AUDIT_COLUMNS} FROM audit WHERE id = $1` }
const HEAD: Statement = { name: 'audit_head', text: 'SELECT seq, mac FROM audit_head' }
const LAST: Statement = {
  name: 'audit_last',
  text: 'SELECT seq, id FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1',
}
const LINKS: Statement = {
  name: 'audit_links',
  text: `SELECT ${AUDIT_COLUMNS} FROM audit WHERE seq > $1::bigint AND seq <= $1::bigint + $2::bigint ORDER BY seq, id
    LIMIT $2::bigint * 2`,
}
/** Every row that `LINKS` does not read. */
const unchainedOf = (behind: boolean): Statement => ({
  name: behind ? 'audit_unchained_behind' : 'audit_unchained',
  text: `SELECT ${AUDIT_COLUMNS} FROM audit WHERE (seq IS NULL OR seq < 1)${behind ? ' AND (at, id) > ($2, $3)' : ''}
    ORDER BY at, id LIMIT $1`,
})
const UNCHAINED = unchainedOf(false)
const UNCHAINED_BEHIND = unchainedOf(true)
/** No head where somebody took its row away: then there is one that fits no entry. */
const headOf = (row: AuditHead | undefined): AuditHead => row ?? { seq: 0, mac: 'missing' }

export function postgresAudit(database: Database): AuditPort {
  const { seal } = database
  return {
    append: async (entry) => {
      await database.inGlobal((send) => insertAudit(send, entry))
    },
    list: (filter, page) => listAudit(database, filter, page, storedOf),
    get: async (id) => {
      const [row] = await database.oneGlobal<AuditSqlRow>(GET, [id])
      return row ? storedOf(row) : null
    },
    ofTarget: async (fleetId, target, limit) => {
      const values = [storableText(target), limit, ...(fleetId === null ? [] : [fleetId])]
      const statement = fleetId === null ? OF_TARGET_GLOBAL : OF_TARGET
      return (await database.oneGlobal<AuditSqlRow>(statement, values)).map(entryOf)
    },
    head: async () => headOf((await database.oneGlobal<Row & AuditHead>(HEAD, []))[0]),
    // One statement after the other, each with its own snapshot: the head is never older than the entry.
    last: async () => {
      const [row] = await database.oneGlobal<{ seq: number; id: string }>(LAST, [])
      const [head] = await database.oneGlobal<Row & AuditHead>(HEAD, [])
      return { seq: row?.seq ?? 0, id: row?.id ?? null, head: headOf(head) }
    },
    links: async (behind, limit) => {
      let previous = behind.mac
      const rows = await database.oneGlobal<AuditSqlRow>(LINKS, [behind.seq, limit])
      return rows.map((row) => {
        const { seq, mac, ...entry } = storedOf(row)
        const link = { entry, seq: seq ?? 0, mac: mac ?? '', expected: seal(previous, seq, entry) }
        previous = link.mac
        return link
      })
    },
    unchained: async (behind, limit) => {
      const place = behind === null ? [] : [auditAtBehind(behind.atMs), behind.id]
      const statement = behind === null ? UNCHAINED : UNCHAINED_BEHIND
      const rows = await database.oneGlobal<AuditSqlRow>(statement, [limit, ...place])
      return rows.map((row) => {
        const entry = entryOf(row)
        const isForged = row.seq !== null || !isAuditTime(entry.atMs)
        return { entry, expected: seal('', null, entry), isForged }
      })
    },
  }
}

type Row = Record<string, unknown>
export interface AuditSqlRow extends Row {
  readonly id: string
  /** A number for the infinities. */
  readonly at: Date | number
  readonly scopeFleetId: string | null
  readonly actorKind: string
  readonly actorId: string
  readonly actorName: string
  readonly action: string
  readonly target: string
  readonly reason: string | null
  readonly before: unknown
  readonly after: unknown
  readonly address: string | null
  readonly outcome: string
  readonly seq: number | null
  readonly mac: string | null
}

const original = (value: string | null): string | null => (value === null ? null : originalText(value))
const storedOf = (row: AuditSqlRow): StoredAudit => ({ ...entryOf(row), seq: row.seq, mac: row.mac })

function entryOf(row: AuditSqlRow): AuditEntry {
  return {
    id: row.id,
    atMs: auditMs(row.at),
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
