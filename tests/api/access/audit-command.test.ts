import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addFleet, silentLog } from '#tests/support/access-world.ts'
import { bundled } from '#tests/support/bundled.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'

const SECRET = 'a secret of the tests, long enough for all'

describe('npm run tidemark -- audit', () => {
  let database: TestDatabase
  let storage: Storage
  let owner: pg.Client
  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url, secret: Buffer.from(SECRET) })
    const ctx = { storage, clock: { now: Date.now }, ids: randomUUID, log: silentLog }
    for (const name of ['one', 'two', 'three']) await addFleet(ctx, name)
    owner = new pg.Client({ connectionString: database.url })
    await owner.connect()
  })
  afterAll(async () => {
    await owner.end()
    await storage.close()
    await database.drop()
  })

  const run = async (...line: readonly string[]) =>
    promisify(execFile)(
      process.execPath,
      [await bundled('scripts/tidemark.ts'), 'audit', ...line, '--json'],
      { env: { ...process.env, DATABASE_URL: database.url, TIDEMARK_SECRET: SECRET } },
    ).then(
      ({ stdout }) => ({ code: 0, answer: last(stdout) }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, answer: last(stdout) }),
    )
  const last = (stdout: string): unknown => {
    const line = stdout.trim().split('\n').at(-1) ?? ''
    return line === '' ? null : JSON.parse(line)
  }

  test(
    '[check 42] [AC3] verify ends with 0 where the chain holds, else with 1 and the first bad row',
    { timeout: 60_000 },
    async () => {
      const { seq, mac } = await storage.audit.head()
      const head = `${seq}:${mac}`
      const [told, whole, longer, wrong] = await Promise.all([
        run('head'),
        run('verify', '--head', head),
        run('verify', '--head', `${seq + 1}:${mac}`),
        run('verify', '--head', 'x'),
      ])
      expect(told).toEqual({ code: 0, answer: { head } })
      expect(whole).toEqual({ code: 0, answer: { state: 'holds', entries: seq, adopted: 0, upTo: head } })
      expect(longer).toMatchObject({ code: 1, answer: { wrong: 'not_outside_head', seq: seq + 1 } })
      expect(wrong).toEqual({ code: 2, answer: null })
      const [second] = await storage.audit.links({ seq: 1, mac: '' }, 1)
      await owner.query(`UPDATE audit SET actor_name = 'nobody' WHERE seq = 2`)
      const id = second?.entry.id
      expect(await run('verify')).toMatchObject({
        code: 1,
        answer: { state: 'broken', entries: 1, wrong: 'changed', seq: 2, id },
      })
      expect(await run('verify', '--after', `2:${second?.mac}`)).toMatchObject({
        code: 0,
        answer: { state: 'holds', entries: seq - 2 },
      })
    },
  )

  test(
    '[check 42] [AC6] adopt takes what stands outside of the chain under its care',
    { timeout: 60_000 },
    async () => {
      await owner.query(`UPDATE audit SET actor_name = 'Tidemark' WHERE seq = 2`)
      await owner.query(`INSERT INTO audit SELECT gen_random_uuid()::text, at, scope_fleet_id, actor_kind, actor_id, actor_name,
        action, target, reason, before, after, address, outcome, NULL, NULL FROM audit WHERE seq = 1`)
      expect(await run('verify')).toMatchObject({ code: 1, answer: { wrong: 'outside', seq: null } })
      expect(await run('adopt')).toEqual({ code: 0, answer: { adopted: 1 } })
      expect(await run('verify')).toMatchObject({ code: 0, answer: { state: 'holds', adopted: 1 } })
    },
  )
})
