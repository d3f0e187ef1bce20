import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { keepLock, releaseLock, takeLock } from '#lib/client/session-lock.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import { COLLECTION, createAuthority } from '#tests/unit/client/support/authority.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-client-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** Each maker gives openings of one fresh disk. */
const MAKERS: Record<string, () => () => ReplicaStore> = {
  memory: () => {
    const disk = createMemoryDisk()
    return () => openMemoryStore(disk)
  },
  sqlite: () => {
    const file = join(folder, `${++files}.db`)
    return () => openSqliteStore(file)
  },
}

describe.each(Object.entries(MAKERS))('a %s store', (_, make) => {
  test('[SM3] keeps what was committed, over a new opening', async () => {
    const open = make()
    const store = open()
    const value = { text: 'ä\u0000"\u2028', list: [1, null, true, 1.5e300], nested: { __proto__x: {} } }
    await store.transact(async (tx) => {
      await tx.put('records', 'a/1', value)
      await tx.put('records', 'a/2', 0)
      await tx.put('records', 'a/2', 'again')
      await tx.put('outbox', 'a/1', 'another table')
      await tx.put('records', 'a/3', 3)
      await tx.remove('records', 'a/3')
      await tx.remove('records', 'never there')
    })
    await store.close()
    const reopened = open()
    await reopened.transact(async (tx) => {
      expect(await tx.get('records', 'a/1')).toEqual(value)
      expect(await tx.get('records', 'a/2')).toBe('again')
      expect(await tx.get('records', 'a/3')).toBeUndefined()
      expect(await tx.get('outbox', 'a/1')).toBe('another table')
    })
    await reopened.close()
  })

  test('[SM3] a transaction that throws leaves no trace', async () => {
    const store = make()()
    await store.transact(async (tx) => {
      await tx.put('meta', 'a', 1)
      await tx.put('meta', 'b', 1)
    })
    const failing = store.transact(async (tx) => {
      await tx.put('meta', 'a', 2)
      await tx.put('meta', 'a', 3)
      await tx.remove('meta', 'b')
      await tx.put('meta', 'c', 1)
      throw new Error('stop')
    })
    await expect(failing).rejects.toThrow('stop')
    await store.transact(async (tx) => {
      expect(await tx.scan('meta', { limit: 10 })).toEqual([
        { key: 'a', value: 1 },
        { key: 'b', value: 1 },
      ])
    })
    await store.close()
  })

  test('[SM3] reads inside a transaction see its own writes', async () => {
    const store = make()()
    await store.transact(async (tx) => {
      await tx.put('meta', 'a', 1)
      expect(await tx.get('meta', 'a')).toBe(1)
      await tx.remove('meta', 'a')
      expect(await tx.scan('meta', { limit: 1 })).toEqual([])
    })
    await store.close()
  })

  test('[SM3] scans a prefix in key order, page by page', async () => {
    const store = make()()
    const keys = ['b', 'a/10', 'a/2', 'a', 'a/1', 'a0', 'a/~']
    await store.transact(async (tx) => {
      for (const key of keys) await tx.put('records', key, key)
    })
    const scan = (prefix: string, after: string | undefined, limit: number): Promise<readonly string[]> =>
      store.transact(async (tx) =>
        (await tx.scan('records', { prefix, limit, ...(after === undefined ? {} : { after }) })).map(
          ({ key }) => key,
        ),
      )
    expect(await scan('a/', undefined, 10)).toEqual(['a/1', 'a/10', 'a/2', 'a/~'])
    expect(await scan('a/', undefined, 2)).toEqual(['a/1', 'a/10'])
    expect(await scan('a/', 'a/10', 2)).toEqual(['a/2', 'a/~'])
    expect(await scan('a/', 'a/~', 2)).toEqual([])
    expect(await scan('', undefined, 10)).toEqual([...keys].sort())
    await store.close()
  })

  test('[SM3] transactions of two openings are isolated', async () => {
    const open = make()
    const [one, two] = [open(), open()]
    const add = (store: ReplicaStore): Promise<void> =>
      store.transact(async (tx) => {
        const before = ((await tx.get('meta', 'count')) ?? 0) as number
        await Promise.resolve()
        await tx.put('meta', 'count', before + 1)
      })
    await Promise.all(Array.from({ length: 100 }, (_, n) => add(n % 2 === 0 ? one : two)))
    expect(await one.transact((tx) => tx.get('meta', 'count'))).toBe(100)
    await Promise.all([one.close(), two.close()])
  })

  test('[SM2] one opening at a time holds the session lock; a stale holder writes nothing', async () => {
    const open = make()
    const [one, two] = [open(), open()]
    const take = (store: ReplicaStore, nowMs: number): Promise<boolean> =>
      store.transact((tx) => takeLock(tx, store, nowMs, 1_000))
    expect(await take(one, 0)).toBe(true)
    expect(await take(one, 10)).toBe(true)
    expect(await take(two, 500)).toBe(false)
    expect(await take(two, 1_011)).toBe(true)
    await expect(one.transact((tx) => keepLock(tx, one, 1_100, 1_000))).rejects.toMatchObject({
      code: 'session_lost',
    })
    await one.transact((tx) => releaseLock(tx, one))
    expect(await take(one, 1_200)).toBe(false)
    await two.transact((tx) => keepLock(tx, two, 1_200, 1_000))
    // The clock was set back by an hour: no lease is that long.
    expect(await take(one, 1_200 - 3_600_000)).toBe(true)
    await one.close()
    // A closed opening holds nothing any more.
    expect(await take(two, 1_200 - 3_600_000)).toBe(true)
    await two.close()
  })

  test('[SM2] two replicas on one store never run sessions at once, and share one outbox', async () => {
    const open = make()
    const authority = createAuthority(Date.now)
    let running = 0
    let most = 0
    const slow = (async (input: string, init: RequestInit) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 2))
      return authority.fetch(input, init).finally(() => running--)
    }) as unknown as typeof fetch
    const openOne = () =>
      openReplica({
        url: 'http://authority.test',
        enrollmentKey: 'tme_key',
        device: DEVICE,
        store: open(),
        fetch: slow,
        sync: { auto: false },
      })
    const [one, two] = [await openOne(), await openOne()]
    expect(one.deviceId).toBe(two.deviceId)
    for (let n = 0; n < 6; n++) {
      await (n % 2 === 0 ? one : two).collection(COLLECTION).put(null, { title: `n${n}` })
      await Promise.all([one.sync(), two.sync()])
    }
    await one.sync()
    expect(most).toBe(1)
    expect(authority.records.size).toBe(6)
    expect([...authority.effects.values()]).toEqual([1, 1, 1, 1, 1, 1])
    const seqs = authority.requests.flatMap(({ report }) => (report ? [report.seq] : []))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    expect(await two.collection(COLLECTION).query()).toHaveLength(6)
    await Promise.all([one.close(), two.close()])
  })
})

test('[SM2] the lock of a process that was killed is free at once', async () => {
  const file = join(folder, 'killed.db')
  const child = fork(new URL('./client-store.holder.ts', import.meta.url), [file], {
    execArgv: ['--import', 'tsx'],
  })
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
