import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundled } from '#tests/support/bundled.ts'
import type { Child } from '../../../bench/child.ts'
import { startChild } from '../../../bench/child.ts'

interface Owner {
  readonly databaseUrl: string
  readonly postgresPid: number
}

describe('the embedded PostgreSQL', () => {
  let dataDir: string
  let owner: Child<Owner>
  const startOwner = async (): Promise<Child<Owner>> =>
    startChild(pathToFileURL(await bundled('tests/api/processes/postgres-owner.ts')), { args: [dataDir] })
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-test-'))
    owner = await startOwner()
    await query(owner.ready.databaseUrl, 'CREATE TABLE kept (id int PRIMARY KEY)')
  })
  afterAll(async () => {
    await owner.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('keeps what was committed when its owner is killed, and the next owner gets the data directory', async () => {
    await query(owner.ready.databaseUrl, 'INSERT INTO kept VALUES (1)')
    await owner.kill()
    owner = await startOwner()
    expect(await query(owner.ready.databaseUrl, 'SELECT id FROM kept')).toEqual([{ id: 1 }])
  })

  it('comes back at the same address, with what was committed, when it is killed itself', async () => {
    await query(owner.ready.databaseUrl, 'INSERT INTO kept VALUES (2)')
    process.kill(owner.ready.postgresPid, 'SIGKILL')
    const read = () => query(owner.ready.databaseUrl, 'SELECT id FROM kept ORDER BY id').catch(() => null)
    await expect.poll(read, { timeout: 20_000, interval: 200 }).toEqual([{ id: 1 }, { id: 2 }])
  })
})

async function query(databaseUrl: string, text: string): Promise<readonly object[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  // A server that is killed breaks the connection; the query itself tells it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
