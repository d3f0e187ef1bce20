import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import Database from 'libsql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTables } from '#lib/client/sqlite-file.ts'
import type { PageSource } from '#lib/client/sqlite-pages.ts'
import { PAGE_BYTES, readTree, rootsOf } from '#lib/client/sqlite-pages.ts'
import { TABLES } from '#lib/client/store.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-pages-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function makeFile(fill: (db: Database.Database) => void): string {
  const file = join(folder, `${++files}.db`)
  const db = new Database(file)
  db.exec('PRAGMA synchronous = off')
  createTables(db)
  db.exec('BEGIN')
  fill(db)
  db.exec('COMMIT')
  db.close()
  return file
}

const sourceOf =
  (bytes: Buffer): PageSource =>
  (page) =>
    page > 0 && page * PAGE_BYTES <= bytes.length
      ? bytes.subarray((page - 1) * PAGE_BYTES, page * PAGE_BYTES)
      : undefined

const rootOf = (pageAt: PageSource, table: (typeof TABLES)[number]): number => rootsOf(pageAt, table)[0] ?? 0

const row = fc.record({
  table: fc.constantFrom(...TABLES),
  key: fc.stringMatching(/^[a-z0-9/-]{1,60}$/),
  // Around the lengths at which a row goes on in pages of its own.
  bytes: fc.oneof(fc.nat(60), fc.integer({ min: 900, max: 1_100 }), fc.nat(20_000)),
  text: fc.constantFrom('x', 'ü', '🦆'),
  isRemoved: fc.boolean(),
})

test('[SDK4] the pages of a sound file hold the very rows that SQLite reads', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 120 }), (rows) => {
      const file = makeFile((db) => {
        for (const { table, key, bytes, text } of rows)
          db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`).run([key, text.repeat(bytes)])
        for (const { table, key, isRemoved } of rows)
          if (isRemoved) db.prepare(`DELETE FROM ${table} WHERE key = ?`).run([key])
      })
      const pageAt = sourceOf(readFileSync(file))
      const db = new Database(file)
      for (const table of TABLES) {
        const tree = readTree(pageAt, rootOf(pageAt, table))
        const all = db.prepare(`SELECT key, value FROM ${table}`).all([]) as { key: string; value: string }[]
        expect(tree.isWhole).toBe(true)
        expect([...tree.rows].sort()).toEqual(all.map(({ key, value }) => [key, value]).sort())
      }
      db.close()
    }),
    { numRuns: 15 },
  )
})

interface Leaf {
  readonly pageno: number
  readonly ncell: number
}

test('[SDK4] a page that is lost costs the rows in it, and no other', () => {
  const count = 500
  const file = makeFile((db) => {
    const insert = db.prepare('INSERT INTO outbox VALUES (?, ?)')
    for (let n = 0; n < count; n++) insert.run([String(n).padStart(15, '0'), 'y'.repeat(700)])
  })
  const db = new Database(file)
  const leaves = db
    .prepare("SELECT pageno, ncell FROM dbstat WHERE name = 'outbox' AND pagetype = 'leaf'")
    .all([]) as Leaf[]
  db.close()
  expect(leaves.length).toBeGreaterThan(20)
  const sound = readFileSync(file)
  for (const { pageno, ncell } of leaves) {
    const bytes = Buffer.from(sound).fill(0, (pageno - 1) * PAGE_BYTES, pageno * PAGE_BYTES)
    const tree = readTree(sourceOf(bytes), rootOf(sourceOf(bytes), 'outbox'))
    expect(tree).toMatchObject({ isWhole: false, rows: { size: count - ncell } })
  }
})

test('[SDK4] whatever stands in the pages, reading them ends, and takes each row once', () => {
  const sound = readFileSync(
    makeFile((db) => {
      const insert = db.prepare('INSERT INTO records VALUES (?, ?)')
      for (let n = 0; n < 60; n++) insert.run([`notes/${n}`, 'z'.repeat(n * 40)])
    }),
  )
  const spot = fc.tuple(fc.nat(sound.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(spot, { maxLength: 200 }), (spots) => {
      const bytes = Buffer.from(sound)
      for (const [at, byte] of spots) bytes[at] = byte
      const pageAt = sourceOf(bytes)
      for (const table of TABLES)
        for (const root of rootsOf(pageAt, table)) {
          const { pages, rows } = readTree(pageAt, root)
          // No cell is smaller than 4 bytes and its 2 bytes of place.
          expect(rows.size).toBeLessThanOrEqual((pages.size * PAGE_BYTES) / 6)
        }
    }),
    { numRuns: 200 },
  )
})
