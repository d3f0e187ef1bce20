import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { adoptAudit } from '#lib/application/audit/adopt-audit.ts'
import { verifyAudit, type ChainReport } from '#lib/application/audit/verify-audit.ts'
import { memorySeal } from '#lib/storage/memory/audit-seal.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { postgresSeal } from '#lib/storage/prisma/audit-seal.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { AuditHead, Storage } from '#lib/storage/ports.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

const clock = { now: () => NOW_MS }
const verify = (storage: Storage, input: Parameters<typeof verifyAudit>[1] = {}) =>
  verifyAudit({ storage, clock }, input)

/** Of texts and JSON that storage has to keep to the letter. */
const ODD = {
  reason: 'be\u0000cause \\u0000 \ud800',
  before: { b: 1, a: [null, -0, 1e21, 0.1], ['__proto__']: { é: '\ud83d\ude00' } },
  after: 'text',
  address: '::1',
} as const

async function fill(storage: Storage, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await storage.audit.append(audit(`chain.${i}`, { ...ODD, target: `t${i}`, atMs: NOW_MS - (i % 3) }))
}

describe.each(BACKENDS)('audit chain on $name', (backend) => {
  const current = opened(backend)

  it('[AC1] gives each entry the next number and a mac over all that it says', async () => {
    const { storage } = current()
    const first = await storage.audit.head()
    const entries = [audit('one', ODD), audit('two', ODD), audit('three')]
    for (const entry of entries) await storage.audit.append(entry)
    const links = await storage.audit.links(first, 10)
    expect(links.map(({ seq }) => seq)).toEqual([1, 2, 3].map((i) => first.seq + i))
    expect(links.map(({ entry }) => entry.id)).toEqual(entries.map(({ id }) => id))
    expect(links.map(({ mac }) => mac)).toEqual(links.map(({ expected }) => expected))
    expect(new Set(links.map(({ mac }) => mac)).size).toBe(3)
    const last = links.at(-1)
    expect(await storage.audit.head()).toEqual({ seq: last?.seq, mac: last?.mac })
    expect(await storage.audit.get(entries[1]?.id ?? '')).toMatchObject({
      seq: links[1]?.seq,
      mac: links[1]?.mac,
      reason: ODD.reason,
    })
    expect(await storage.audit.get(randomUUID())).toBeNull()
  })

  it('[AC2] is chained in the transaction of what it tells of, and not at all where that is taken back', async () => {
    const { storage } = current()
    const fleet = await makeFleet(storage)
    const before = await storage.audit.head()
    const refused = audit('fleet.create')
    expect(await storage.fleets.create({ ...fleet, id: randomUUID() }, refused)).toBe('name_taken')
    await expect(
      storage.views.add(
        {
          id: randomUUID(),
          fleetId: fleet.id,
          page: 'devices',
          name: 'v',
          params: {},
          shared: true,
          ownerId: 'a',
          ownerName: 'A',
          createdAtMs: NOW_MS,
        },
        () => {
          throw new Error('taken back')
        },
        audit('view.save'),
      ),
    ).rejects.toThrow('taken back')
    expect(await storage.audit.head()).toEqual(before)
    expect(await storage.fleets.raiseEpoch(fleet.id, audit('fleet.epoch'))).toBe(2)
    expect((await storage.audit.head()).seq).toBe(before.seq + 1)
  })

  it('[AC2] has no gap and no fork when many write at once', async () => {
    const { storage } = current()
    const before = await storage.audit.head()
    const fleets = await Promise.all(Array.from({ length: 4 }, () => makeFleet(storage)))
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        i % 2
          ? storage.audit.append(audit(`many.${i}`))
          : storage.fleets.raiseEpoch(fleets[i % 4]?.id ?? '', audit(`many.${i}`)),
      ),
    )
    expect((await storage.audit.head()).seq).toBe(before.seq + 44)
    expect(await verify(storage)).toMatchObject({ state: 'holds', firstBad: null })
  })

  it('[AC3] verifies in batches, stops when its time is up, and goes on from there', async () => {
    const { storage } = current()
    await fill(storage, 20)
    const head = await storage.audit.head()
    const whole = await verify(storage, { heads: [head] })
    expect(whole).toMatchObject({ state: 'holds', entries: head.seq, upTo: head })
    const from = (await storage.audit.links({ seq: 0, mac: '' }, 5)).at(-1) as AuditHead
    const rest = await verify(storage, { behind: { seq: from.seq, mac: from.mac } })
    expect(rest).toMatchObject({ state: 'holds', entries: head.seq - 5 })
    const wrong = await verify(storage, { behind: { seq: from.seq, mac: head.mac } })
    expect(wrong.firstBad).toMatchObject({ kind: 'not_outside_head', seq: from.seq })
    for (const behind of [
      { seq: 999_999, mac: head.mac },
      { seq: head.seq + 1, mac: head.mac },
      { seq: head.seq, mac: from.mac },
      { seq: 0, mac: from.mac },
    ])
      expect(await verify(storage, { behind }), `${behind.seq}`).toMatchObject({
        state: 'broken',
        firstBad: { kind: 'not_outside_head', seq: behind.seq },
      })
    expect(await verify(storage, { behind: { seq: 0, mac: '' } })).toMatchObject({ state: 'holds' })
  })

  it('[AC4] knows by a head that was kept elsewhere whether it is the same log', async () => {
    const { storage } = current()
    await fill(storage, 3)
    const head = await storage.audit.head()
    const longer = { seq: head.seq + 7, mac: head.mac }
    expect((await verify(storage, { heads: [longer] })).firstBad).toMatchObject({
      kind: 'not_outside_head',
      seq: head.seq + 1,
    })
    const other = { seq: head.seq - 1, mac: head.mac }
    expect((await verify(storage, { heads: [other] })).firstBad).toMatchObject({
      kind: 'not_outside_head',
      seq: head.seq - 1,
    })
  })

  it('[AC4] holds each kept head against the chain: two of one number, and those that a check goes on behind', async () => {
    const { storage } = current()
    await fill(storage, 6)
    const links = await storage.audit.links({ seq: 0, mac: '' }, 6)
    const at = (seq: number): AuditHead => ({ seq, mac: links[seq - 1]?.mac ?? '' })
    const another = (seq: number): AuditHead => ({
      seq,
      mac: at(1).mac.replace(/^./, (c) => (c === '0' ? '1' : '0')),
    })
    for (const behind of [undefined, at(4)])
      for (const seq of [0, 2, 4, 5]) {
        const right = seq === 0 ? { seq: 0, mac: '' } : at(seq)
        const told = `${seq} behind ${behind?.seq ?? 0}`
        expect(await verify(storage, { behind, heads: [right, at(6), at(1)] }), told).toMatchObject({
          state: 'holds',
        })
        for (const heads of [
          [right, another(seq)],
          [another(seq), right],
        ])
          expect(await verify(storage, { behind, heads }), told).toMatchObject({
            state: 'broken',
            firstBad: { kind: 'not_outside_head', seq },
          })
      }
  })

  it('finds entries by conditions, and goes on behind those that were looked through', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    for (let i = 0; i < 9; i++)
      await storage.audit.append(
        audit(i % 3 ? 'seek.a' : 'seek.b', {
          fleetId,
          atMs: NOW_MS + i,
          actor: { kind: 'user', id: `u${i % 2}`, name: `Ada ${i % 2}` },
          outcome: i === 4 ? 'denied' : 'done',
          reason: i === 5 ? 'A Storm' : null,
          address: i === 6 ? '192.0.2.7' : null,
        }),
      )
    const find = async (conditions: object[], lookMax = 100) => {
      const seen: number[] = []
      let cursor = null
      do {
        const page = await storage.audit.list(
          { fleetId, action: null, conditions: conditions as never, lookMax },
          { limit: 2, cursor },
        )
        seen.push(...page.items.map(({ atMs }) => atMs - NOW_MS))
        cursor = page.next
      } while (cursor)
      return seen
    }
    const is = (key: string, ...values: string[]) => ({ kind: 'is', key, not: false, values })
    for (const lookMax of [100, 3]) {
      expect(await find([is('action', 'seek.b')], lookMax)).toEqual([6, 3, 0])
      expect(await find([is('action', 'seek')], lookMax)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0])
      expect(await find([is('action', 'eek.b', 'seek.b', 'seek_a', 'seek%')], lookMax)).toEqual([6, 3, 0])
      expect(await find([{ ...is('action', 'seek.b'), not: true }], lookMax)).toEqual([8, 7, 5, 4, 2, 1])
      expect(await find([{ ...is('who', 'Ada 1'), not: true }], lookMax)).toEqual([8, 6, 4, 2, 0])
      expect(await find([is('who', 'u1', 'Ada 0')], lookMax)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0])
      expect(await find([is('outcome', 'denied')], lookMax)).toEqual([4])
      expect(await find([is('address', '192.0.2.7')], lookMax)).toEqual([6])
      expect(await find([is('kind', 'device')], lookMax)).toEqual([])
      expect(await find([{ kind: 'words', not: false, text: 'storm' }], lookMax)).toEqual([5])
      const within = { kind: 'within', key: 'at', not: false, fromMs: NOW_MS + 2, toMs: NOW_MS + 4 }
      expect(await find([within], lookMax)).toEqual([3, 2])
    }
  })
})

describe('an audit log that somebody tampers with', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let storage: Storage
  /** The login that owns the tables: no grant holds it. */
  let owner: pg.Client
  let ids: string[]
  let head: AuditHead

  beforeEach(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url, secret: Buffer.from('s'.repeat(32)) })
    await fill(storage, 9)
    head = await storage.audit.head()
    ids = (await storage.audit.links({ seq: 0, mac: '' }, 9)).map(({ entry }) => entry.id)
    owner = new pg.Client({ connectionString: database.url })
    await owner.connect()
  })
  afterEach(async () => {
    await owner.end()
    await storage.close()
    await database.drop()
  })

  const firstBad = async (heads: AuditHead[] = []) => (await verify(storage, { heads })).firstBad
  const idOf = (seq: number): string => ids[seq - 1] ?? ''

  it('[check 42] [AC5] finds an edit of any column, by the row', async () => {
    const edits = {
      at: `at + interval '1 millisecond'`,
      scope_fleet_id: 'gen_random_uuid()',
      actor_kind: `'device'`,
      actor_id: `'x'`,
      actor_name: `'x'`,
      action: `'x'`,
      target: `'x'`,
      reason: 'NULL',
      before: `'{"b":2}'`,
      after: 'to_json(1)',
      address: 'NULL',
      outcome: `'denied'`,
      mac: `repeat('0', 64)`,
    }
    const { rows } = await owner.query<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns WHERE table_name = 'audit'`,
    )
    expect(Object.keys(edits).sort()).toEqual(
      rows
        .map(({ column_name: name }) => name)
        .filter((name) => name !== 'id' && name !== 'seq')
        .sort(),
    )
    for (const [column, value] of Object.entries(edits)) {
      const { rows: kept } = await owner.query<{ was: string }>(
        `SELECT ${column}::text AS was FROM audit WHERE id = $1`,
        [idOf(5)],
      )
      await owner.query(`UPDATE audit SET ${column} = ${value} WHERE id = $1`, [idOf(5)])
      expect(await firstBad(), column).toMatchObject({ kind: 'changed', seq: 5, id: idOf(5) })
      const type =
        { at: 'timestamptz', scope_fleet_id: 'uuid', before: 'json', after: 'json' }[column] ?? 'text'
      await owner.query(`UPDATE audit SET ${column} = $2::text::${type} WHERE id = $1`, [
        idOf(5),
        kept[0]?.was,
      ])
      expect(await firstBad(), `${column} put back`).toBeNull()
    }
    const id = randomUUID()
    await owner.query('UPDATE audit SET id = $2 WHERE id = $1', [idOf(1), id])
    expect(await firstBad()).toMatchObject({ kind: 'changed', seq: 1, id })
  })

  it.each([1, 5])('[check 42] [AC5] finds that entry %i was deleted', async (seq) => {
    await owner.query('DELETE FROM audit WHERE seq = $1', [seq])
    expect(await firstBad()).toMatchObject({ kind: 'missing', seq })
  })

  it('[check 42] [AC5] finds a tail that was cut off, and a log that was emptied', async () => {
    await owner.query('DELETE FROM audit WHERE seq > 6')
    expect(await firstBad()).toMatchObject({ kind: 'missing', seq: 7 })
    await owner.query('TRUNCATE audit')
    expect(await firstBad()).toMatchObject({ kind: 'missing', seq: 1 })
  })

  it('[check 42] [AC4] finds by a head that was kept elsewhere that the head was set back with the tail', async () => {
    await owner.query('DELETE FROM audit WHERE seq > 6')
    await owner.query('UPDATE audit_head SET seq = 6, mac = (SELECT mac FROM audit WHERE seq = 6)')
    expect(await firstBad()).toBeNull()
    expect(await firstBad([head])).toMatchObject({ kind: 'not_outside_head', seq: 7 })
    // And when others were written over it.
    await fill(storage, 5)
    expect(await firstBad()).toBeNull()
    expect(await firstBad([head])).toMatchObject({ kind: 'not_outside_head', seq: head.seq })
  })

  it('[check 42] [AC5] finds two entries that were exchanged, and one that was moved', async () => {
    await dropChecks()
    await owner.query('UPDATE audit SET seq = -seq WHERE seq IN (4, 7)')
    await owner.query('UPDATE audit SET seq = CASE seq WHEN -4 THEN 7 ELSE 4 END WHERE seq < 0')
    expect(await firstBad()).toMatchObject({ kind: 'changed', seq: 4, id: idOf(7) })
    // With their macs left in place it is their words that were exchanged.
    await owner.query(
      `UPDATE audit a SET mac = (SELECT mac FROM audit b WHERE b.seq = 11 - a.seq) WHERE seq IN (4, 7)`,
    )
    expect(await firstBad()).toMatchObject({ kind: 'changed', seq: 4, id: idOf(7) })
  })

  const COPY = `INSERT INTO audit SELECT $1, at, scope_fleet_id, actor_kind, actor_id, actor_name, action, target, reason,
    before, after, address, outcome, $2, mac FROM audit WHERE seq = 5`

  it('[check 42] [AC5] finds an entry that was put in: between, behind the head, with a number twice, without one', async () => {
    const forged = randomUUID()
    await owner.query(COPY, [forged, null])
    expect(await firstBad()).toMatchObject({ kind: 'outside', seq: null, id: forged })
    await owner.query('UPDATE audit SET seq = $2 WHERE id = $1', [forged, head.seq + 3])
    expect(await firstBad()).toMatchObject({ kind: 'beyond_head', seq: head.seq + 3, id: forged })
    await owner.query('DROP INDEX audit_seq_key')
    await owner.query('UPDATE audit SET seq = 5 WHERE id = $1', [forged])
    expect(await firstBad()).toMatchObject({ kind: 'changed' })
    await owner.query('UPDATE audit SET seq = seq + 1 WHERE seq >= 5 AND id <> $1', [forged])
    await owner.query('UPDATE audit_head SET seq = seq + 1')
    expect(await firstBad()).toMatchObject({ kind: 'changed', seq: 5, id: forged })
  })

  /** The owner may drop what the schema refuses. */
  const dropChecks = () =>
    owner.query('ALTER TABLE audit DROP CONSTRAINT audit_at_finite, DROP CONSTRAINT audit_seq_counts')

  it.each([
    { seq: -1, at: null },
    { seq: 0, at: null },
    { seq: null, at: '1969-12-31' },
    { seq: null, at: '-infinity' },
    { seq: null, at: 'infinity' },
    { seq: null, at: '290000-01-01' },
    { seq: 0, at: 'infinity' },
  ])(
    '[check 42] [AC5] finds and lists a row that was put in with number $seq at $at',
    async ({ seq, at }) => {
      await dropChecks()
      const forged = randomUUID()
      await owner.query(COPY, [forged, seq])
      if (at !== null) await owner.query('UPDATE audit SET at = $2 WHERE id = $1', [forged, at])
      const bad = await firstBad()
      expect(bad).toMatchObject({ kind: 'outside', seq: null, id: forged })
      // It goes out as JSON.
      expect(JSON.parse(JSON.stringify(bad))).toEqual(bad)
      const seen: string[] = []
      for (const conditions of [[], [{ kind: 'is', key: 'kind', not: false, values: ['system'] }]]) {
        let cursor = null
        do {
          const page = await storage.audit.list(
            { fleetId: null, action: null, conditions: conditions as never, lookMax: 3 },
            { limit: 1, cursor },
          )
          seen.push(...page.items.map(({ id }) => id))
          for (const { atMs } of page.items) expect(new Date(atMs).getTime()).toBe(atMs)
          cursor = page.next
        } while (cursor)
      }
      expect(seen.filter((id) => id === forged)).toHaveLength(2)
      expect(seen).toHaveLength(2 * (head.seq + 1))
      // No adoption makes it good.
      await adoptAudit({ storage, clock, ids: randomUUID, log: { info() {}, warn() {}, error() {} } })
      if (at !== '1969-12-31') expect(await firstBad()).toMatchObject({ kind: 'outside', id: forged })
    },
  )

  it('[check 42] [AC5] finds a chained entry whose time was made infinite', async () => {
    await dropChecks()
    for (const at of ['infinity', '-infinity']) {
      await owner.query('UPDATE audit SET at = $2 WHERE id = $1', [idOf(5), at])
      expect(await firstBad()).toMatchObject({ kind: 'changed', seq: 5, id: idOf(5) })
    }
  })

  it('[check 42] takes no row with a number below one, or without a time', async () => {
    for (const seq of [-1, 0])
      await expect(owner.query(COPY, [randomUUID(), seq])).rejects.toThrow('audit_seq_counts')
    for (const at of ['infinity', '-infinity'])
      await expect(owner.query('UPDATE audit SET at = $1 WHERE seq = 5', [at])).rejects.toThrow(
        'audit_at_finite',
      )
  })

  it.each(['audit', 'audit_head'])(
    '[check 42] [AC2] does nothing that it cannot tell of: a trigger on %s swallows what is written',
    async (table) => {
      const fleet = await makeFleet(storage)
      const before = await storage.audit.head()
      await owner.query(`CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER swallow BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION swallow()`)
      await expect(storage.audit.append(audit())).rejects.toThrow('audit')
      await expect(storage.fleets.raiseEpoch(fleet.id, audit('fleet.epoch'))).rejects.toThrow('audit')
      await owner.query(`DROP TRIGGER swallow ON ${table}`)
      expect(await storage.audit.head()).toEqual(before)
      expect(await firstBad()).toBeNull()
      expect(await storage.fleets.raiseEpoch(fleet.id, audit('fleet.epoch'))).toBe(2)
    },
  )

  it('[check 42] [AC5] finds a head that was moved or taken away', async () => {
    await owner.query('UPDATE audit_head SET mac = repeat($1, 64)', ['0'])
    expect(await firstBad()).toMatchObject({ kind: 'head_moved', seq: head.seq })
    await owner.query('UPDATE audit_head SET seq = 3, mac = (SELECT mac FROM audit WHERE seq = 3)')
    expect(await firstBad()).toMatchObject({ kind: 'beyond_head', seq: head.seq })
    await owner.query('DELETE FROM audit_head')
    expect(await firstBad()).toMatchObject({ kind: 'head_moved' })
    // And then nothing is done that can't be told of.
    await expect(storage.audit.append(audit())).rejects.toThrow('head')
  })

  it('[check 42] [AC1] can be made by nobody without the secret', async () => {
    const stranger = await openPostgresStorage({ url: database.url, secret: Buffer.from('t'.repeat(32)) })
    await stranger.audit.append(audit('forged'))
    await stranger.close()
    expect(await firstBad()).toMatchObject({ kind: 'changed', seq: head.seq + 1 })
  })

  it('[check 42] [AC6] takes entries of before the chain under its care once, and finds what is done to them', async () => {
    const old = Array.from({ length: 450 }, (_, i) =>
      audit('old', { ...ODD, atMs: NOW_MS - 9_000 + (i % 7) }),
    )
    for (const { id, atMs } of old) {
      await owner.query(COPY, [id, null])
      await owner.query(`UPDATE audit SET at = $2, mac = NULL WHERE id = $1`, [id, new Date(atMs)])
    }
    const sorted = old.toSorted((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
    expect(await firstBad()).toMatchObject({ kind: 'outside', id: sorted[0] })
    const ctx = { storage, clock, ids: randomUUID, log: { info() {}, warn() {}, error() {} } }
    expect(await adoptAudit(ctx)).toEqual({ adopted: 450 })
    expect(await verify(storage)).toMatchObject({ state: 'holds', adopted: 450, entries: head.seq + 3 })
    expect(await adoptAudit(ctx)).toEqual({ adopted: 0 })

    const changed = sorted[230] ?? ''
    await owner.query(`UPDATE audit SET reason = 'x' WHERE id = $1`, [changed])
    expect(await firstBad()).toMatchObject({ kind: 'before_chain', id: changed })
    await owner.query('DELETE FROM audit WHERE id = $1', [changed])
    expect(await firstBad()).toMatchObject({ kind: 'before_chain', id: changed })
    const forged = randomUUID()
    await owner.query(COPY, [forged, null])
    await owner.query(`UPDATE audit SET at = (SELECT at FROM audit WHERE id = $2) WHERE id = $1`, [
      forged,
      sorted[100],
    ])
    const bad = await firstBad()
    expect(bad).toMatchObject({ kind: 'before_chain' })
    expect([forged, changed]).toContain(bad?.id)
  })

  it('[check 42] [AC3] stops when its time is up among what was adopted as well, and goes on from there', async () => {
    const old = 1_100
    const put = (count: number, atMs: number) =>
      owner.query(
        `INSERT INTO audit SELECT gen_random_uuid(), to_timestamp(($2::float8 + i % 7) / 1000), scope_fleet_id, actor_kind,
          actor_id, actor_name, action, target, reason, before, after, address, outcome, NULL, NULL
        FROM audit, generate_series(1, $1::int) i WHERE seq = 5`,
        [count, atMs],
      )
    await put(old, NOW_MS - 9_000)
    const ctx = { storage, clock, ids: randomUUID, log: { info() {}, warn() {}, error() {} } }
    expect(await adoptAudit(ctx)).toEqual({ adopted: old })
    const whole = await verify(storage)
    expect(whole).toMatchObject({ state: 'holds', adopted: old, outsideUpTo: null })
    /** Each call has no time at all: it does one link, or one batch. */
    const bitByBit = async () => {
      let [entries, adopted, among] = [0, 0, 0]
      for (let report: ChainReport | null = null; ;) {
        const { upTo: behind, outsideUpTo }: Partial<ChainReport> = report ?? {}
        report = await verify(storage, { behind, outsideBehind: outsideUpTo ?? undefined, untilMs: NOW_MS })
        entries += report.entries
        adopted += report.adopted
        among += report.outsideUpTo === null ? 0 : 1
        expect(report.entries).toBeLessThanOrEqual(1)
        if (report.state !== 'unfinished') return { ...report, entries, adopted, among }
      }
    }
    expect(await bitByBit()).toEqual({ ...whole, among: 2 })
    await put(1, NOW_MS - 8_000)
    const bad = (await verify(storage)).firstBad
    expect(bad).toMatchObject({ kind: 'outside' })
    expect(await bitByBit()).toMatchObject({ state: 'broken', firstBad: bad, among: 2 })
    // Neither walks through what is in the chain.
    await owner.query('ANALYZE audit')
    await owner.query('SET enable_seqscan = off')
    for (const [sql, index] of [
      ['(seq IS NULL OR seq < 1) ORDER BY at, id', 'audit_unchained_at_id_idx'],
      [`action = 'audit.adopt' ORDER BY at DESC, id DESC`, 'audit_action_at_id_idx'],
    ]) {
      const { rows } = await owner.query(`EXPLAIN SELECT * FROM audit WHERE ${sql} LIMIT 5`)
      expect(JSON.stringify(rows)).toContain(index)
    }
  })

  it('[check 42] is appended to and read by the role that the server runs as, and nothing else', async () => {
    const may = async (sql: string) => {
      await owner.query('BEGIN')
      try {
        await owner.query('SET LOCAL ROLE tidemark_runtime')
        await owner.query(sql)
        return true
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error
        return false
      } finally {
        await owner.query('ROLLBACK')
      }
    }
    expect(await may('SELECT 1 FROM audit')).toBe(true)
    for (const sql of [
      `UPDATE audit SET reason = 'x'`,
      'UPDATE audit SET mac = NULL',
      'DELETE FROM audit',
      'TRUNCATE audit',
      'SELECT 1 FROM audit FOR UPDATE',
      'DELETE FROM audit_head',
      'TRUNCATE audit_head',
      `INSERT INTO audit_head VALUES (2, 1, '')`,
      'ALTER TABLE audit DISABLE TRIGGER ALL',
    ])
      expect(await may(sql), sql).toBe(false)
  })
})

describe('a memory', () => {
  it('[AC1] has the seal that PostgreSQL has', () => {
    const secret = Buffer.from('s'.repeat(32))
    for (const entry of [audit('one', ODD), audit('two')])
      expect(memorySeal(secret)('ff', 7, entry)).toBe(postgresSeal(secret)('ff', 7, entry))
  })

  it('[AC1] links under the secret that it is given', async () => {
    const [one, other] = ['a', 'b'].map((char) =>
      openMemoryStorage({ secret: Buffer.from(char.repeat(32)), nowMs: clock.now }),
    ) as [Storage, Storage]
    const entry = audit()
    await one.audit.append(entry)
    await other.audit.append(entry)
    expect((await one.audit.head()).mac).not.toBe((await other.audit.head()).mac)
  })
})
