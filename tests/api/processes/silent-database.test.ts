import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { startFaultProxy } from '#tests/support/fault-proxy.ts'

const STATEMENT_TIMEOUT_MS = 400

/** A partition that tells nobody: PostgreSQL's own time limit is on the other side of it. */
describe.each(['half_open', 'swallow'] as const)('a database connection that goes silent (%s)', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  it('is given up in bounded time, and another one takes its place', async () => {
    const url = new URL(database.url)
    const proxy = await startFaultProxy({ port: Number(url.port), seed: 1, share: 0, kinds: [] })
    url.port = String(proxy.port)
    const storage = await openPostgresStorage({ url: url.href, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
    onTestFinished(async () => {
      await storage.close()
      await proxy.close()
    })
    await storage.ping()
    proxy.befall({ kind })
    const startedMs = performance.now()
    await expect(storage.ping()).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(performance.now() - startedMs).toBeLessThan(10 * STATEMENT_TIMEOUT_MS)
    await storage.ping()
  })
})
