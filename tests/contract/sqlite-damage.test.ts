import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import type { RecoveryNotice } from '#lib/client/tables.ts'
import { bundled } from '#tests/support/bundled.ts'
import type { Authority } from '#tests/unit/client/support/authority.ts'
import { COLLECTION, createAuthority } from '#tests/unit/client/support/authority.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

const RECORDS = 400
const WAITING = 20
const PAGE_BYTES = 4_096

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tidemark-damage-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open = (
  file: string,
  authority: Authority,
  store: ReplicaStore = openSqliteStore(file),
): Promise<Replica> =>
  openReplica({
    url: 'http://authority.test',
    enrollmentKey: 'tme_key',
    device: DEVICE,
    store,
    fetch: authority.fetch,
    sync: { auto: false },
  })

/** A store with records of the server and changes that wait, all in the file itself. */
async function usedFile(name: string): Promise<{ file: string; authority: Authority }> {
  const used = path.join(folder, `${name}.used`)
  const authority = createAuthority(Date.now)
  for (let n = 0; n < RECORDS; n++)
    authority.write(`01900000-0000-7000-8000-${String(n).padStart(12, '0')}`, { title: 'x'.repeat(300), n })
  const replica = await open(used, authority)
  await replica.sync()
  for (let n = 0; n < WAITING; n++) await replica.collection(COLLECTION).put(null, { title: `waits ${n}` })
  await replica.close()
  const db = new Database(used)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  const file = path.join(folder, `${name}.db`)
  copyFileSync(used, file)
  return { file, authority }
}

const write = (file: string, bytes: Buffer, at: number): void => {
  const whole = readFileSync(file)
  bytes.copy(whole, at)
  writeFileSync(file, whole)
}
const DAMAGE: Record<string, (file: string) => void> = {
  'is no database': (file) => writeFileSync(file, 'garbage '.repeat(5_000)),
  'has lost its header': (file) => write(file, Buffer.alloc(100), 0),
  'was cut to a half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'was cut to a tenth': (file) => truncateSync(file, Math.floor(statSync(file).size / 10)),
  'has a hole in the middle': (file) =>
    write(
      file,
      Buffer.alloc(2 * PAGE_BYTES, 0xab),
      Math.floor(statSync(file).size / PAGE_BYTES / 2) * PAGE_BYTES,
    ),
}

describe('a file that', () => {
  test.each(Object.entries(DAMAGE))(
    '[SDK4] %s is set aside as it is, and the device goes on with what could be read',
    async (name, damage) => {
      const { file, authority } = await usedFile(name)
      damage(file)
      const broken = readFileSync(file)
      const replica = await open(file, authority)
      // Damage among the records shows when they are read.
      await replica
        .collection(COLLECTION)
        .query()
        .catch(() => [])
      await replica.sync()
      await replica.sync()
      const [notice] = replica.recoveries$.get()
      expect(notice?.setAside).toBe(`${file}.broken-1`)
      expect(readFileSync(`${file}.broken-1`).subarray(0, broken.length).equals(broken)).toBe(true)
      expect(replica.status$.get()).toMatchObject({ pending: 0, storeHealth: 'ok', problem: null })
      // What waited has arrived, as far as the notice says that it was kept; all that the server has is here.
      const kept = notice?.pendingKept ?? 0
      expect(notice?.mayHaveLostMore || kept === WAITING).toBe(true)
      expect(authority.records.size).toBe(RECORDS + kept)
      expect([...authority.effects.values()].every((count) => count === 1)).toBe(true)
      expect(await replica.collection(COLLECTION).query()).toHaveLength(RECORDS + kept)
      await replica.close()
      const again = await open(file, authority)
      expect(await again.collection(COLLECTION).query()).toHaveLength(RECORDS + kept)
      expect(again.recoveries$.get().length).toBeLessThanOrEqual(1)
      await again.close()
    },
  )

  test('[SDK4] is mended by one opening is taken up by the others, which lose no write', async () => {
    const { file, authority } = await usedFile('shared')
    const other = await open(file, authority)
    DAMAGE['has a hole in the middle']?.(file)
    const replica = await open(file, authority)
    await replica
      .collection(COLLECTION)
      .query()
      .catch(() => [])
    await replica.sync()
    await other.collection(COLLECTION).put(null, { title: 'after it was mended' })
    await replica.sync()
    await replica.sync()
    expect(
      [...authority.records.values()].some(({ data }) => data?.['title'] === 'after it was mended'),
    ).toBe(true)
    expect(existsSync(`${file}.broken-1`)).toBe(true)
    expect(existsSync(`${file}.broken-2`)).toBe(false)
    await Promise.all([replica.close(), other.close()])
  })

  test('[SDK4] was mended up to the last rename is taken up at the next opening', async () => {
    const { file, authority } = await usedFile('renamed')
    const sound = readFileSync(file)
    writeFileSync(`${file}.salvaged`, sound)
    writeFileSync(file, 'garbage '.repeat(5_000))
    const replica = await open(file, authority)
    expect(replica.status$.get().pending).toBe(WAITING)
    await replica.close()
  })
})

/** Opens the file in a process of its own, as after a restart: a panic of the engine would end it. */
async function openApart(
  file: string,
  made = 0,
  end = 'closed',
): Promise<{ pending: number; told: RecoveryNotice[] }> {
  const opener = await bundled('tests/contract/sqlite-damage.worker.ts')
  const { stdout, stderr } = spawnSync(process.execPath, [opener, file, String(made), end], {
    encoding: 'utf8',
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as { pending: number; told: RecoveryNotice[] }
}

/** Where the byte of a text is no UTF-8 any more. */
const breakText = (file: string, table: string, column: 'key' | 'value', at: number): void => {
  const db = new Database(file)
  const bytes = `CAST(${column} AS BLOB)`
  db.exec(
    `UPDATE ${table} SET ${column} = CAST(substr(${bytes}, 1, ${at - 1}) || x'ff' || substr(${bytes}, ${at + 1}) AS TEXT)
     WHERE key = (SELECT min(key) FROM ${table})`,
  )
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

describe('a text that is no UTF-8', () => {
  test.each([
    { table: 'outbox', column: 'value', kept: 4 },
    { table: 'outbox', column: 'key', kept: 4 },
    { table: 'meta', column: 'value', kept: 5 },
    { table: 'meta', column: 'key', kept: 5 },
  ] as const)(
    '[SDK4] as a $column of $table costs that row, is told, and never the process',
    async ({ table, column, kept }) => {
      const file = path.join(folder, `text-${table}-${column}.db`)
      expect(await openApart(file, 5)).toEqual({ pending: 5, told: [] })
      breakText(file, table, column, 4)
      const opened = await openApart(file)
      expect(opened).toMatchObject({ pending: kept, told: [{ pendingKept: kept }] })
      expect(existsSync(`${file}.broken-1`)).toBe(true)
      expect(await openApart(file)).toMatchObject({ pending: kept, told: [{ pendingKept: kept }] })
    },
    30_000,
  )

  test('[SDK4] in a record is found at the opening, and comes again', async () => {
    const { file, authority } = await usedFile('text-record')
    breakText(file, 'records', 'value', 4)
    const replica = await open(file, authority)
    expect(await replica.collection(COLLECTION).query()).toHaveLength(RECORDS + WAITING - 1)
    await replica.sync()
    await replica.sync()
    expect(await replica.collection(COLLECTION).query()).toHaveLength(RECORDS + WAITING)
    expect(replica.recoveries$.get()).toMatchObject([{ pendingKept: WAITING, changesLost: [] }])
    await replica.close()
  })
})

test('[SDK4] a column whose name is damaged keeps no device shut: it is told', async () => {
  const { file, authority } = await usedFile('column')
  const name = Buffer.from('TABLE session_reports (key TEXT PRIMARY KEY, val')
  const at = readFileSync(file).indexOf(name)
  expect(at).toBeGreaterThan(0)
  write(file, Buffer.from('x'), at + name.length)
  const replica = await open(file, authority)
  await replica.sync()
  await replica.sync()
  expect(replica.recoveries$.get()).toMatchObject([
    { pendingKept: WAITING, setAside: `${file}.broken-1`, isNewIdentity: false },
  ])
  expect(replica.status$.get()).toMatchObject({ pending: 0, storeHealth: 'ok' })
  await replica.close()
})

interface Page {
  readonly pageno: number
  readonly ncell: number
}

function pagesOf(file: string, table: string, kind: 'leaf' | 'internal'): readonly Page[] {
  const db = new Database(file)
  const pages = db
    .prepare('SELECT pageno, ncell FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path')
    .all([table, kind]) as Page[]
  db.close()
  return pages
}

const zeroPage = (file: string, { pageno }: Page): void =>
  write(file, Buffer.alloc(PAGE_BYTES), (pageno - 1) * PAGE_BYTES)

describe('a lost page', () => {
  const MANY = 60
  /** Offline: several leaves full of changes that wait. */
  async function waitingFile(name: string): Promise<string> {
    const file = path.join(folder, `${name}.db`)
    const replica = await open(file, createAuthority(Date.now))
    for (let n = 0; n < MANY; n++) await replica.collection(COLLECTION).put(null, { title: 'y'.repeat(700) })
    await replica.close()
    return file
  }
  async function keptOf(file: string): Promise<{ kept: number; lost: number; isNewIdentity: boolean }> {
    const replica = await open(file, createAuthority(Date.now))
    const kept = (await replica.collection(COLLECTION).query()).length
    const [notice] = (await replica.diagnostics()).store.recoveries
    await replica.close()
    return { kept, lost: notice?.changesLost.length ?? -1, isNewIdentity: notice?.isNewIdentity ?? true }
  }

  test('[SDK4] of the outbox costs the changes in it and no other, wherever it is', async () => {
    const file = await waitingFile('outbox-leaves')
    const leaves = pagesOf(file, 'outbox', 'leaf')
    expect(leaves.length).toBeGreaterThan(5)
    const first = leaves[1] as Page
    const second = leaves.at(-3) as Page
    zeroPage(file, first)
    zeroPage(file, second)
    const lost = first.ncell + second.ncell
    expect(await keptOf(file)).toEqual({ kept: MANY - lost, lost, isNewIdentity: false })
  })

  test('[SDK4] that others of the outbox hang on costs the changes in it, and none of theirs', async () => {
    const file = await waitingFile('outbox-root')
    const [root] = pagesOf(file, 'outbox', 'internal') as [Page]
    zeroPage(file, root)
    expect(await keptOf(file)).toEqual({ kept: MANY - root.ncell, lost: root.ncell, isNewIdentity: false })
  })

  test('[SDK4] of which a byte is wrong in the schema costs neither a change nor the identity', async () => {
    const file = await waitingFile('schema')
    const sound = readFileSync(file)
    const name = sound.indexOf('outboxoutbox')
    const spots = {
      'the file format': 47,
      'the kind of page': 100,
      'the place of a row': 109,
      'a table by name': name + 2,
      'its root page': name + 12,
      'its statement': name + 13,
      'the end of all': sound.lastIndexOf('WITHOUT ROWID', PAGE_BYTES),
    }
    for (const [spot, at] of Object.entries(spots)) {
      const damaged = path.join(folder, `schema-${at}.db`)
      writeFileSync(damaged, sound)
      write(damaged, Buffer.from([0xff]), at)
      expect([spot, await keptOf(damaged)]).toEqual([spot, { kept: MANY, lost: 0, isNewIdentity: false }])
    }
  })

  test('[SDK4] of records that seems to hold fewer is noticed at the opening, and they come again', async () => {
    const { file, authority } = await usedFile('vanished')
    const [leaf] = pagesOf(file, 'records', 'leaf') as [Page]
    write(file, Buffer.from([0, leaf.ncell - 2]), (leaf.pageno - 1) * PAGE_BYTES + 3)
    const replica = await open(file, authority)
    await replica.sync()
    await replica.sync()
    expect(await replica.collection(COLLECTION).query()).toHaveLength(RECORDS + WAITING)
    expect(replica.recoveries$.get()).toMatchObject([{ pendingKept: WAITING, changesLost: [] }])
    await replica.close()
  })
})

describe('a key of which a byte is wrong', () => {
  const KEYS = { records: 'reports/01900000-0000-7000-8000-', outbox_by_record: 'reports/' } as const
  test.each([
    ['records', 'out of its order', 200, 'z'],
    ['records', 'still in its order', 9, ':'],
    ['outbox_by_record', 'out of its order', 0, '~'],
  ] as const)('[SDK4] of %s, %s, is noticed at the opening, and mended', async (table, order, at, byte) => {
    const { file, authority } = await usedFile(`key of ${table} ${order}`)
    const db = new Database(file, { readonly: true })
    const [row] = db.prepare(`SELECT key FROM ${table} ORDER BY key LIMIT 1 OFFSET ${at}`).all([]) as [
      { key: string },
    ]
    db.close()
    expect(row.key.startsWith(KEYS[table])).toBe(true)
    const place = readFileSync(file).indexOf(table === 'records' ? `${row.key}{` : `${row.key}"`)
    const end = place + row.key.length - 1
    write(file, Buffer.from(byte), table === 'records' ? end : place + KEYS[table].length)
    const replica = await open(file, authority)
    await replica.sync()
    await replica.sync()
    expect(replica.recoveries$.get()).toMatchObject([{ pendingKept: WAITING }])
    expect(replica.status$.get()).toMatchObject({ pending: 0, storeHealth: 'ok', problem: null })
    const found = await replica.collection(COLLECTION).query()
    expect(new Set(found.map(({ id }) => id)).size).toBe(RECORDS + WAITING)
    expect(found).toHaveLength(RECORDS + WAITING)
    for (const { id } of found) expect(await replica.collection(COLLECTION).get(id)).not.toBeNull()
    await replica.close()
    const again = await open(file, authority)
    await again.sync()
    expect(again.recoveries$.get()).toHaveLength(1)
    await again.close()
  })
})

describe('a file that has lost its end', () => {
  const LONG = 20
  const LATE = 10
  const copy = (from: string, to: string, parts: readonly string[]): void => {
    for (const part of parts) copyFileSync(from + part, to + part)
  }
  /** Values of several pages each in the file, and shorter ones after them in its log, as of a process that was killed. */
  async function longFile(name: string, late: number, parts: readonly string[]): Promise<string> {
    const file = path.join(folder, `${name}.db`)
    const put = async (count: number, text: string): Promise<Replica> => {
      const replica = await open(file, createAuthority(Date.now))
      for (let n = 0; n < count; n++) await replica.collection(COLLECTION).put(null, { title: text })
      return replica
    }
    await (await put(LONG, 'z'.repeat(9_000))).close()
    const replica = await put(late, 'z'.repeat(300))
    copy(file, `${file}.killed`, parts)
    await replica.close()
    return `${file}.killed`
  }

  test.each([
    ['with an empty log beside it', 0, ['', '-wal', '-shm']],
    ['without any log', 0, ['']],
    ['with a log beside it', LATE, ['', '-wal', '-shm']],
    ['with a log beside it, and no index of that', LATE, ['', '-wal']],
  ] as const)(
    '[SDK4] %s opens at the first try wherever it was cut: all that can be read is there, and the rest is told',
    async (name, late, parts) => {
      const whole = await longFile(`cut ${name}`, late, parts)
      const made = LONG + late
      const size = statSync(whole).size
      const kept: number[] = []
      for (let pages = 1; pages < size / PAGE_BYTES; pages += pages < 8 ? 1 : 7) {
        for (const rest of [0, 1_500]) {
          const file = `${whole}.${pages}.${rest}`
          copy(whole, file, parts)
          truncateSync(file, size - pages * PAGE_BYTES + rest)
          const replica = await open(file, createAuthority(Date.now))
          const found = await replica.collection(COLLECTION).query()
          const told = (await replica.diagnostics()).store.recoveries
          const pending = replica.status$.get().pending
          await replica.close()
          kept.push(found.length)
          for (const { data } of found) expect(String(data['title'])).toMatch(/^(z{9000}|z{300})$/)
          const lost = made - found.length
          // What the last page had of use may stand in the part that is left.
          if (lost === 0 && told.length === 0) continue
          expect([file, told.length]).toEqual([file, 1])
          expect(told[0]).toMatchObject({ setAside: `${file}.broken-1`, pendingKept: found.length })
          expect(pending).toBe(found.length)
          expect(told[0]?.mayHaveLostMore || told[0]?.changesLost.length === lost).toBe(true)
          const again = await open(file, createAuthority(Date.now))
          expect(await again.collection(COLLECTION).query()).toHaveLength(found.length)
          expect((await again.diagnostics()).store.recoveries).toEqual(told)
          await again.close()
        }
      }
      // What stood in pages that are left is never given up with the others.
      expect(kept[0]).toBeGreaterThanOrEqual(made - 1)
      expect(kept[8]).toBeGreaterThanOrEqual(made - 3)
    },
    60_000,
  )

  test('[SDK4] is mended though its log was moved into it after it was found damaged: a hole hides what is missing', async () => {
    const file = await longFile('hidden', LATE, ['', '-wal', '-shm'])
    truncateSync(file, statSync(file).size - PAGE_BYTES)
    const store = openSqliteStore(file)
    expect(store.isDamaged()).toBe(true)
    // As the engine does by itself, once what it had open of the file is collected.
    const db = new Database(file)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    const replica = await open(file, createAuthority(Date.now), store)
    expect(await replica.collection(COLLECTION).query()).toHaveLength(LONG + LATE - 1)
    expect((await replica.diagnostics()).store.recoveries).toMatchObject([
      { pendingKept: LONG + LATE - 1, changesLost: [{ collection: COLLECTION }], mayHaveLostMore: false },
    ])
    await replica.close()
  })
})

test('[SDK4] a lost page of what was acknowledged keeps no device shut: what waits is sent', async () => {
  const { file, authority } = await usedFile('acknowledged')
  const db = new Database(file)
  const [root] = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'acknowledged'").all([]) as [
    { rootpage: number },
  ]
  db.close()
  write(file, Buffer.alloc(PAGE_BYTES), (root.rootpage - 1) * PAGE_BYTES)
  const replica = await open(file, authority)
  await replica.sync()
  await replica.sync()
  expect(replica.recoveries$.get()).toMatchObject([{ pendingKept: WAITING, changesLost: [] }])
  expect(replica.status$.get()).toMatchObject({ pending: 0, storeHealth: 'ok', problem: null })
  expect(authority.records.size).toBe(RECORDS + WAITING)
  await replica.close()
})

describe('the log beside the file', () => {
  test('[SDK4] holds nothing after the close: the file alone is the whole store', async () => {
    const authority = createAuthority(Date.now)
    const file = path.join(folder, 'alone.db')
    const replica = await open(file, authority)
    for (let n = 0; n < 10; n++) await replica.collection(COLLECTION).put(null, { title: `waits ${n}` })
    await replica.close()
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
    const copy = path.join(folder, 'copy.db')
    copyFileSync(file, copy)
    const again = await open(copy, authority)
    expect(again.status$.get().pending).toBe(10)
    await again.close()
  })

  test('[SDK4] of a process that was killed is read at the next opening, and is no damage', async () => {
    const file = path.join(folder, 'killed.db')
    await openApart(file, 10, 'killed')
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0)
    const log = readFileSync(`${file}-wal`)
    // Killed once more in the middle of a write: a frame whose page isn't there.
    writeFileSync(`${file}-wal`, Buffer.concat([log, log.subarray(-PAGE_BYTES - 24, -PAGE_BYTES)]))
    expect(await openApart(file)).toEqual({ pending: 10, told: [] })
  }, 30_000)

  test.each([
    ['in its header', 20],
    ['in a page', 100],
    ['in the head of a frame', 32 + 10],
    ['in a later page', 32 + 3 * (24 + PAGE_BYTES) + 200],
  ])(
    '[SDK4] that is broken %s is damage, never a new device: what it holds is kept, and it is told',
    async (name, at) => {
      const file = path.join(folder, `log-${name.replaceAll(' ', '-')}.db`)
      await openApart(file, 10, 'killed')
      const log = readFileSync(`${file}-wal`)
      log.writeUInt8(log.readUInt8(at) ^ 0x10, at)
      writeFileSync(`${file}-wal`, log)
      expect(await openApart(file)).toMatchObject({
        pending: 10,
        told: [
          { pendingKept: 10, isNewIdentity: false, mayHaveLostMore: true, setAside: `${file}.broken-1` },
        ],
      })
      expect(readFileSync(`${file}.broken-1-wal`).equals(log)).toBe(true)
    },
    30_000,
  )

  test('[SDK4] that has lost its file is damage: what it holds is kept, and it is told', async () => {
    const file = path.join(folder, 'emptied.db')
    await openApart(file, 10, 'killed')
    truncateSync(file, 0)
    const { told } = await openApart(file)
    expect(told).toMatchObject([{ setAside: `${file}.broken-1` }])
  }, 30_000)
})
