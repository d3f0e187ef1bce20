import { randomUUID } from 'node:crypto'
import type { AuditEntry, Storage } from '#lib/storage/ports.ts'
import { Database } from '#lib/storage/prisma/database.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { at } from '#lib/storage/prisma/values.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import { inTurns } from '../rounds.ts'

const WRITERS = [1, 8]
const ROUND_MS = 1_500
const ROUNDS = { warmUp: 1, measured: 5 }
const BARE = 'the row alone, in a transaction'
const CHAINED = 'chained'

interface Written {
  readonly perSecond: number
}

/** What the chain costs a write that is audited: the same row with and without it, each in a transaction of its own. */
export async function benchAudit({ env }: BenchDatabase): Promise<string> {
  const options = { url: env.DATABASE_URL, poolSize: Math.max(...WRITERS) }
  const storage = await openPostgresStorage({ ...options, secret: Buffer.from(env.TIDEMARK_SECRET) })
  const database = new Database(options)
  try {
    const tables: string[] = []
    for (const writers of WRITERS) {
      const rows = await inTurns(
        {
          [BARE]: () => writing(writers, () => writeBare(database)),
          [CHAINED]: () => writing(writers, () => writeChained(storage)),
        },
        ROUNDS,
      )
      tables.push(table(writers, rows))
    }
    return tables.join('\n\n')
  } finally {
    await storage.close()
    await database.close()
  }
}

async function writing(writers: number, write: () => Promise<unknown>): Promise<Written> {
  const startedMs = performance.now()
  let written = 0
  const one = async (): Promise<void> => {
    while (performance.now() - startedMs < ROUND_MS) {
      await write()
      written += 1
    }
  }
  await Promise.all(Array.from({ length: writers }, one))
  return { perSecond: (written * 1_000) / (performance.now() - startedMs) }
}

const entry = (): AuditEntry => ({
  id: randomUUID(),
  atMs: Date.now(),
  fleetId: null,
  actor: { kind: 'user', id: randomUUID(), name: 'Ada Lovelace' },
  action: 'collection.update',
  target: `collection/${randomUUID()}`,
  reason: 'the bench of the audit log',
  before: { strategy: 'lww', version: 3 },
  after: { strategy: 'field-merge', version: 4 },
  address: '192.0.2.7',
  outcome: 'done',
})

const writeChained = (storage: Storage): Promise<void> => storage.audit.append(entry())

const INSERT = {
  name: 'bench_audit_bare',
  text: `INSERT INTO audit (id, at, scope_fleet_id, actor_kind, actor_id, actor_name, action, target, reason, before, after,
    address, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
}
function writeBare(database: Database): Promise<unknown> {
  const { id, atMs, fleetId, actor, action, target, reason, before, after, address, outcome } = entry()
  const json = [before, after].map((value) => JSON.stringify(value))
  const who = [actor.kind, actor.id, actor.name]
  return database.inGlobal((send) =>
    send(INSERT, [id, at(atMs), fleetId, ...who, action, target, reason, ...json, address, outcome]),
  )
}

function table(writers: number, rows: Readonly<Record<string, Written>>): string {
  const bare = rows[BARE]?.perSecond ?? Number.NaN
  return markdownTable(
    `Audited writes, ${writers === 1 ? 'one writer' : `${writers} writers`}`,
    ['entry', 'writes/s', '÷ the row alone'],
    Object.entries(rows).map(([name, { perSecond }]) => [
      name,
      whole(perSecond),
      (perSecond / bare).toFixed(2),
    ]),
  )
}
