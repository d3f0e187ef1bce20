import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listGroups } from '#lib/application/letter-groups/list-groups.ts'
import { letterFacets, listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import type { DeadLetterCode } from '#lib/protocol/error-codes.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { changeOf, commit, letterEffect, makeDevice, makeFleet } from '#tests/contract/storage/world.ts'
import { startChild } from '../child.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { FileWritten } from './export-process.ts'
import { lettersContext } from './letters-context.ts'

const LETTERS = Number(process.env['TIDEMARK_BENCH_LETTERS'] ?? 100_000)
const DEVICES = 500
const VERSIONS = ['2.3.9', '2.4.0', '2.4.1'] as const
const PER_PUSH = 500
const HOUR_MS = 3_600_000
const ROUNDS = 40
const MARK_MS = 300
const MB = 1_000_000

/** Twelve causes; `n` is what tells the letters of one apart. */
const CAUSES: readonly (readonly [DeadLetterCode, (n: number) => string | null, (n: number) => string])[] = [
  ['schema_mismatch', () => '/speedIasKnots', () => 'is not integer or null'],
  ['schema_mismatch', (n) => `/lines/${n}/price`, (n) => `${n} is too low`],
  ['schema_mismatch', (n) => `/lines/${n}/count`, (n) => `${n}.5 is not integer`],
  ['schema_mismatch', () => null, () => `the step of ${randomUUID()} fails`],
  ['rule_violation', () => 'remains-need-species', () => 'a sample needs a species'],
  ['rule_violation', () => 'calm', (n) => `no storm above ${n}`],
  ['authority_refused', () => null, (n) => `order ${n} is closed\n    at post (stock.js:${n}:7)`],
  ['authority_refused', () => null, (n) => `customer ${n} is blocked`],
  ['too_large', () => null, (n) => `${n} bytes, at most 262144`],
  ['parent_dead_lettered', () => null, () => `its parent ${randomUUID()} is a dead letter`],
  ['unknown_collection', () => null, () => 'there is no collection of that name'],
  ['exhausted', () => null, (n) => `tried ${n} times since 2026-11-24T10:00:00.${100 + (n % 900)}Z`],
]
const FILTERS = [
  'status:open',
  'code:rule_violation',
  'path:/lines/*/price version:2.4.1',
  'bird',
  'seen:<24h -code:exhausted',
  'collection:none',
]

/** Lists, counts, groups and a file of 100,000 dead letters of twelve causes. */
export async function benchLetters(database: BenchDatabase): Promise<string> {
  const storage = await openPostgresStorage({ url: database.env.DATABASE_URL })
  try {
    const { fleetId, endMs } = await fill(storage, database.env.DATABASE_URL)
    return `${await letterTable(storage, fleetId, endMs)}\n\n${await fileTable(database.env, fleetId)}`
  } finally {
    await storage.close()
  }
}

async function fill(
  storage: Storage,
  url: string,
): Promise<{ readonly fleetId: string; readonly endMs: number }> {
  const { id: fleetId } = await makeFleet(storage)
  const devices: string[] = []
  for (let n = 0; n < DEVICES; n++)
    devices.push((await makeDevice(storage, fleetId, { name: `DFW-${n}` })).id)
  const endMs = Date.now()
  for (let at = 0; at < LETTERS; at += PER_PUSH) {
    const changes = Array.from({ length: PER_PUSH }, (_, i) => {
      const n = at + i
      const [code, path, detail] = CAUSES[n % CAUSES.length] as (typeof CAUSES)[number]
      const deadLetter = letterEffect({ code, path: path(n), detail: detail(n) })
      const data = { title: `strike ${n}`, note: 'a bird met an aircraft on its way down '.repeat(10) }
      const change = changeOf({ deviceId: devices[n % DEVICES] as string, version: null, deadLetter, data })
      return { ...change, appVersion: VERSIONS[n % VERSIONS.length] as string }
    })
    const committedAtMs = endMs - Math.round(((LETTERS - at) / LETTERS) * 48 * HOUR_MS)
    await commit(storage, fleetId, () => changes, { committedAtMs })
  }
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  await owner.query('VACUUM (ANALYZE) dead_letter')
  await owner.end()
  return { fleetId, endMs }
}

async function letterTable(storage: Storage, fleetId: string, endMs: number): Promise<string> {
  const ctx = lettersContext(storage, endMs)
  const who = { actor: SYSTEM, fleetId }
  const { groups, totals } = await listGroups(ctx, { ...who, query: {} })
  const first = groups[0]?.id ?? ''
  const asks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['groups of all that are open', () => listGroups(ctx, { ...who, query: {} })],
    ['groups of `version:2.4.1`', () => listGroups(ctx, { ...who, query: { q: 'version:2.4.1' } })],
    ['one group', () => storage.letterGroups.get(fleetId, first, endMs)],
    ...[...FILTERS, `group:${first} status:open`].flatMap((q) => {
      const name = q.startsWith('group:') ? 'group:… status:open' : q
      return [
        [`page of \`${name}\``, () => listDeadLetters(ctx, { ...who, query: { q } })] as const,
        [`counts of \`${name}\``, () => letterFacets(ctx, { ...who, query: { q } })] as const,
      ]
    }),
  ]
  const rows: string[][] = []
  for (const [name, ask] of asks) {
    const took: number[] = []
    for (let n = -2; n < ROUNDS; n++) {
      const startMs = performance.now()
      await ask()
      if (n >= 0) took.push(performance.now() - startMs)
    }
    took.sort((a, b) => a - b)
    const at = (share: number) => (took[Math.ceil(share * took.length) - 1] ?? 0).toFixed(0)
    rows.push([name, at(0.5), at(0.95)])
  }
  const title = `${whole(totals.letters)} dead letters of ${CAUSES.length} causes: ${totals.groups} groups (mark: p95 ${MARK_MS} ms)`
  return markdownTable(title, ['query', 'p50, ms', 'p95, ms'], rows)
}

async function fileTable(env: BenchDatabase['env'], fleetId: string): Promise<string> {
  const writer = await startChild(new URL('./export-process.ts', import.meta.url), { env, args: [fleetId] })
  try {
    let written = await writer.ask<FileWritten>({})
    while (!written.isDone) written = await writer.ask<FileWritten>({})
    const { seconds, bytes, heapMax, residentMax } = written
    const mb = (count: number): string => (count / MB).toFixed(0)
    return markdownTable(
      'All of them as NDJSON, by a process of its own (mark: under 256 MB)',
      ['', 's', 'MB written', 'MB of heap at most', 'MB resident at most'],
      [['export', seconds.toFixed(1), mb(bytes), mb(heapMax), mb(residentMax)]],
    )
  } finally {
    await writer.stop()
  }
}
