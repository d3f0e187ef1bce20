import type { openReplica } from '#lib/client/open-replica.ts'
import { keepLock, releaseLock, takeLock, takeOver } from '#lib/client/session-lock.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import { COLLECTION, createAuthority } from '#tests/unit/client/support/authority.ts'

/** What the cases need of the SDK: its sources in Node, its bundle in the browser. */
export interface StoreSubject {
  /** Makes openings of one fresh disk. */
  readonly make: () => () => Promise<ReplicaStore>
  readonly openReplica: typeof openReplica
}
type Case = (subject: StoreSubject) => Promise<void>

/**
 * The contract of a client's store. The cases use no test runner, so that the same ones run in Node over memory and
 * SQLite and in a real browser over IndexedDB.
 */
export const STORE_CASES: Readonly<Record<string, Case>> = {
  async '[SM3] keeps what was committed, over a new opening'({ make }) {
    const open = make()
    const store = await open()
    const value = { text: 'ä\u0000"\u2028\ud800', list: [1, null, true, 1.5e300], nested: { __proto__x: {} } }
    await store.transact(async (tx) => {
      await tx.put('notices', 'a/1', value)
      await tx.put('notices', 'a/2', 0)
      await tx.put('notices', 'a/2', 'again')
      await tx.put('outbox', 'a/1', 'another table')
      await tx.put('notices', 'a/3', 3)
      await tx.remove('notices', 'a/3')
      await tx.remove('notices', 'never there')
    })
    await store.close()
    const reopened = await open()
    await reopened.transact(async (tx) => {
      same(await tx.get('notices', 'a/1'), value)
      same(await tx.get('notices', 'a/2'), 'again')
      same(await tx.get('notices', 'a/3'), undefined)
      same(await tx.get('outbox', 'a/1'), 'another table')
      same([await tx.count('notices'), await tx.count('outbox'), await tx.count('meta')], [2, 1, 0])
    })
    same(reopened.isDamaged(), false)
    await reopened.close()
  },

  async '[SM3] a transaction that throws leaves no trace'({ make }) {
    const store = await make()()
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
    same(String(await rejection(failing)), 'Error: stop')
    await store.transact(async (tx) => {
      same(await tx.scan('meta', { limit: 10 }), [
        { key: 'a', value: 1 },
        { key: 'b', value: 1 },
      ])
    })
    await store.close()
  },

  async '[SM3] reads inside a transaction see its own writes'({ make }) {
    const store = await make()()
    await store.transact(async (tx) => {
      await tx.put('meta', 'a', 1)
      same(await tx.get('meta', 'a'), 1)
      await tx.remove('meta', 'a')
      same(await tx.scan('meta', { limit: 1 }), [])
      same(await tx.count('meta'), 0)
    })
    await store.close()
  },

  async '[SM3] scans a prefix in key order, page by page'({ make }) {
    const store = await make()()
    const keys = ['b', 'a/10', 'a/2', 'a', 'a/1', 'a0', 'a/~']
    await store.transact(async (tx) => {
      for (const key of keys) await tx.put('records', key, key)
    })
    const scan = (prefix: string, after: string | undefined, limit: number): Promise<string[]> =>
      store.transact(async (tx) => {
        const rows = await tx.scan('records', { prefix, limit, ...(after === undefined ? {} : { after }) })
        return rows.map(({ key }) => key)
      })
    same(await scan('a/', undefined, 10), ['a/1', 'a/10', 'a/2', 'a/~'])
    same(await scan('a/', undefined, 2), ['a/1', 'a/10'])
    same(await scan('a/', 'a/10', 2), ['a/2', 'a/~'])
    same(await scan('a/', 'a/~', 2), [])
    same(await scan('a/', 'a', 2), ['a/1', 'a/10'])
    same(await scan('', undefined, 10), [...keys].sort())
    await store.close()
  },

  async '[SM3] transactions of two openings are isolated'({ make }) {
    const open = make()
    const [one, two] = [await open(), await open()]
    const add = (store: ReplicaStore): Promise<void> =>
      store.transact(async (tx) => {
        const before = ((await tx.get('meta', 'count')) ?? 0) as number
        await Promise.resolve()
        await tx.put('meta', 'count', before + 1)
      })
    await Promise.all(Array.from({ length: 100 }, (_, n) => add(n % 2 === 0 ? one : two)))
    same(await one.transact((tx) => tx.get('meta', 'count')), 100)
    await Promise.all([one.close(), two.close()])
  },

  async '[SM2] one opening at a time holds the session lock; a stale holder writes nothing'({ make }) {
    const open = make()
    const [one, two] = [await open(), await open()]
    const take = (store: ReplicaStore, nowMs: number): Promise<boolean> =>
      store.transact((tx) => takeLock(tx, store, nowMs, 1_000))
    same(await take(one, 0), true)
    same(await take(one, 10), true)
    same(await take(two, 500), false)
    same(await take(two, 1_011), true)
    const stale = one.transact((tx) => keepLock(tx, one, 1_100, 1_000))
    same(codeOf(await rejection(stale)), 'session_lost')
    await one.transact((tx) => releaseLock(tx, one))
    same(await take(one, 1_200), false)
    await two.transact((tx) => keepLock(tx, two, 1_200, 1_000))
    // The clock was set back by an hour: no lease is that long.
    same(await take(one, 1_200 - 3_600_000), true)
    await one.close()
    // A closed opening holds nothing any more.
    same(await take(two, 1_200 - 3_600_000), true)
    await two.close()
  },

  async "[SM2] the platform's own lock, where there is one, has one holder"({ make }) {
    const open = make()
    const [one, two] = [await open(), await open()]
    const letGo = await one.hold('session')
    same(letGo !== null, true)
    const other = await two.hold('session')
    same(other === null, one.kind === 'indexeddb')
    other?.()
    letGo?.()
    const again = await eventually(() => two.hold('session'))
    again()
    await Promise.all([one.close(), two.close()])
  },

  async "[SM2] the platform's lock is taken from a holder whose lease is over, which hears of it and writes nothing more"({
    make,
  }) {
    const open = make()
    const [one, two, three] = [await open(), await open(), await open()]
    const isPlatforms = one.kind === 'indexeddb'
    const over = (store: ReplicaStore, nowMs: number): Promise<boolean> =>
      store.transact((tx) => takeOver(tx, store, nowMs, 1_000))
    let stolen = 0
    const letGo = await one.hold('session', false, () => (stolen += 1))
    // Its holder comes to the row, or has let go of it.
    same(await over(two, 0), false)
    await one.transact((tx) => takeLock(tx, one, 0, 1_000))
    same(await over(two, 900), false)
    await one.transact((tx) => keepLock(tx, one, 1_000, 1_000))
    same(await over(two, 1_900), false)
    same(await over(two, 2_001), true)
    // Of several that look, one takes it.
    same(await over(three, 2_002), false)
    const taken = await two.hold('session', true)
    same(taken !== null, true)
    await eventually(async () => (stolen === (isPlatforms ? 1 : 0) ? true : null))
    const third = await three.hold('session')
    same(third === null, isPlatforms)
    third?.()
    const stale = one.transact((tx) => keepLock(tx, one, 2_100, 1_000))
    same(codeOf(await rejection(stale)), 'session_lost')
    // What it lets go of late is nobody's.
    letGo?.()
    await two.transact((tx) => keepLock(tx, two, 2_200, 1_000))
    const fourth = await three.hold('session')
    same(fourth === null, isPlatforms)
    fourth?.()
    taken?.()
    const again = await eventually(() => one.hold('session'))
    again()
    await Promise.all([one.close(), two.close(), three.close()])
  },

  async '[SDK2] openings hear each other, and not themselves'({ make }) {
    const open = make()
    const [one, two] = [await open(), await open()]
    const heard: string[] = []
    one.listen(() => heard.push('one'))
    const stop = two.listen((news) => heard.push(`two: ${news.kind}`))
    one.tell({ kind: 'written' })
    await eventually(async () => (heard.length > 0 ? heard : null))
    stop()
    one.tell({ kind: 'written' })
    two.tell({ kind: 'written' })
    await eventually(async () => (heard.length > 1 ? heard : null))
    same(heard, ['two: written', 'one'])
    await Promise.all([one.close(), two.close()])
  },

  async '[SM2] two replicas on one store never run sessions at once, and share one outbox'(subject) {
    const open = subject.make()
    const authority = createAuthority(Date.now)
    let running = 0
    let most = 0
    const slow = (async (input: string, init: RequestInit) => {
      most = Math.max(most, ++running)
      await pause(2)
      return authority.fetch(input, init).finally(() => running--)
    }) as unknown as typeof fetch
    const openOne = async () =>
      subject.openReplica({
        url: 'http://authority.test',
        enrollmentKey: 'tme_key',
        device: { name: 'Tablet 7', platform: 'android', appVersion: '1.2.0' },
        store: await open(),
        fetch: slow,
        sync: { auto: false },
      })
    const [one, two] = [await openOne(), await openOne()]
    same(one.deviceId, two.deviceId)
    for (let n = 0; n < 6; n++) {
      await (n % 2 === 0 ? one : two).collection(COLLECTION).put(null, { title: `n${n}` })
      await Promise.all([one.sync(), two.sync()])
    }
    await one.sync()
    same(most, 1)
    same(authority.records.size, 6)
    same([...authority.effects.values()], [1, 1, 1, 1, 1, 1])
    const seqs = authority.requests.flatMap(({ report }) => (report ? [report.seq] : []))
    same(
      seqs,
      [...seqs].sort((a, b) => a - b),
    )
    same((await two.collection(COLLECTION).query()).length, 6)
    await Promise.all([one.close(), two.close()])
  },
}

function same(actual: unknown, expected: unknown): void {
  const text = (value: unknown): string => (value === undefined ? 'undefined' : canonicalJson(value as Json))
  if (text(actual) !== text(expected)) throw new Error(`${text(actual)} should be ${text(expected)}`)
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What another thread of the browser brings about is there a moment later. */
async function eventually<T>(look: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look()
    if (found !== null) return found
    await pause(10)
  }
  throw new Error('it did not come about')
}
