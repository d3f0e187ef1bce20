import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { takeLock } from '#lib/client/session-lock.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import { bundled } from '#tests/support/bundled.ts'
import { STORE_CASES } from './client-store.cases.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-client-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** Each maker gives openings of one fresh disk. */
const MAKERS: Record<string, () => () => Promise<ReplicaStore>> = {
  memory: () => {
    const disk = createMemoryDisk()
    return async () => openMemoryStore(disk)
  },
  sqlite: () => {
    const file = join(folder, `${++files}.db`)
    return async () => openSqliteStore(file)
  },
}

describe.each(Object.entries(MAKERS))('a %s store', (_, make) => {
  test.each(Object.entries(STORE_CASES))('%s', (__, run) => run({ make, openReplica }))
})

test('[SM2] the lock of a process that was killed is free at once', async () => {
  const file = join(folder, 'killed.db')
  const child = fork(await bundled('tests/contract/client-store.holder.ts'), [file])
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', reject)
  })
  const store = openSqliteStore(file)
  const take = (): Promise<boolean> => store.transact((tx) => takeLock(tx, store, Date.now(), 60_000))
  expect(await take()).toBe(false)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  expect(await take()).toBe(true)
  await store.close()
})

test('[SM3] a full disk is told as quota_exceeded, and what was there stays', async () => {
  const file = join(folder, 'full.db')
  const store = openSqliteStore(file)
  await store.transact((tx) => tx.put('meta', 'kept', true))
  await store.close()
  const small = openSqliteStore(file, { pagesMax: 40 })
  const fill = small.transact((tx) => tx.put('meta', 'large', 'x'.repeat(1_000_000)))
  await expect(fill).rejects.toMatchObject({ code: 'quota_exceeded' })
  expect(await small.transact((tx) => tx.get('meta', 'kept'))).toBe(true)
  expect(await small.transact((tx) => tx.get('meta', 'large'))).toBeUndefined()
  await small.close()
})
