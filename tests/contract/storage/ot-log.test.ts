import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { OtRead } from '#lib/engine/load-plan.ts'
import type { PathOp } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import { OT_LOAD_BYTES_MAX, OT_LOAD_MAX, OT_LOG_MAX, OT_PAGE_MAX } from '#lib/storage/change-rows.ts'
import { BACKENDS, changeOf, commit, makeDevice, makeFleet, opened, planOf } from './world.ts'

const opOf = (path: string, revision: number, version: number, changes: Partial<PathOp> = {}): PathOp => ({
  path,
  revision,
  version,
  schemaVersion: 1,
  mutationId: randomUUID(),
  ops: [`${path}${revision}`],
  made: null,
  ...changes,
})

describe.each(BACKENDS)('the log of OT on $name', (backend) => {
  const current = opened(backend)

  async function logged(otOps: readonly PathOp[]) {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const [change] = await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, version: head + 1, otOps }),
    ])
    const recordId = change?.incoming.mutation.recordId ?? ''
    const read = (changes: Partial<OtRead> & Pick<OtRead, 'names'>): OtRead => ({
      collection: 'reports',
      recordId,
      afterRevision: 0,
      afterVersion: 0,
      mutationIds: [randomUUID()],
      ...changes,
    })
    const load = async (otReads: OtRead[][]) => {
      const { otLog, otUnread } = await storage.sync.transact(fleetId, (tx) =>
        tx.load({ ...planOf(), otReads }),
      )
      return { log: otLog.get(recordKey('reports', recordId)) ?? [], unread: otUnread }
    }
    return { read, load }
  }
  const path = (name: string, after = 0, upTo = 1) => [{ path: name, after, upTo }]

  it('[PU7] gives of each path what comes after a revision, of a record what comes after a version', async () => {
    const ops = [opOf('/a', 1, 1), opOf('/a', 2, 2), opOf('/a', 3, 4), opOf('/b', 1, 3), opOf('/c', 1, 5)]
    const { read, load } = await logged(ops)
    const all = await load([[read({ names: path('/a'), afterRevision: 1 })], [read({ names: path('/b') })]])
    expect(all).toEqual({ log: [ops[1], ops[2], ops[3]], unread: new Set() })
    expect((await load([[read({ names: null, afterVersion: 3 })]])).log).toEqual([ops[2], ops[4]])
    const twice = [read({ names: null, afterVersion: 2 }), read({ names: path('/a'), afterRevision: 2 })]
    expect((await load([twice, twice])).log).toEqual([ops[2], ops[3], ops[4]])
    expect((await load([])).log).toEqual([])
  })

  it('[DL5] keeps the schema version with each entry, and tells the names of a path apart by it', async () => {
    const ops = [
      opOf('/a', 1, 1, { schemaVersion: 2 }),
      opOf('/a', 2, 2, { schemaVersion: 2 }),
      opOf('/b', 1, 3),
      opOf('/b', 2, 4),
      opOf('/b', 2, 5, { schemaVersion: 2 }),
    ]
    const { read, load } = await logged(ops)
    const renamed = [...path('/b', 1, 2), ...path('/a', 0, 1)]
    expect((await load([[read({ names: renamed })]])).log).toEqual([ops[4]])
    expect((await load([[read({ names: path('/b') })]])).log).toEqual([ops[2], ops[3]])
    expect((await load([[read({ names: path('/a', 0, 2), afterRevision: 1 })]])).log).toEqual([ops[1]])
  })

  it('[PU7] reads so many for a push, and tells whose reads were cut', async () => {
    const hot = Array.from({ length: OT_LOAD_MAX + 50 }, (_, i) => opOf('/hot', i + 1, i + 1))
    const cold = [1, 2].map((i) => opOf('/cold', i, OT_LOAD_MAX + 60 + i))
    const { read, load } = await logged([...hot, ...cold])
    const [many, few] = [read({ names: path('/hot') }), read({ names: path('/cold') })]
    const newest = hot.slice(-OT_LOAD_MAX).map(({ revision }) => revision)
    const revisions = (log: readonly PathOp[], of: string) =>
      log.filter((op) => op.path === of).map(({ revision }) => revision)

    const alone = await load([[many]])
    expect(revisions(alone.log, '/hot')).toEqual(newest)
    expect(alone.unread).toEqual(new Set())
    const behind = await load([[many, few]])
    expect(revisions(behind.log, '/hot')).toEqual(newest)
    expect(behind.unread).toEqual(new Set(few.mutationIds))
    const before = await load([[few, many]])
    expect(revisions(before.log, '/cold')).toEqual([1, 2])
    expect(before.unread).toEqual(new Set(many.mutationIds))
    const apart = await load([[many], [few]])
    expect(revisions(apart.log, '/cold')).toEqual([1, 2])
    expect(apart.unread).toEqual(new Set())
  })

  it('[PU7] reads so many bytes for a push, the newest, and tells whose reads were cut', async () => {
    const each = OT_LOAD_BYTES_MAX / 4
    const large = (letter: string) => letter.repeat(each / Buffer.byteLength(letter))
    const hot = Array.from({ length: 4 }, (_, i) =>
      opOf('/hot', i + 1, i + 1, { ops: large(i < 2 ? '事' : 'x') }),
    )
    const cold = [1, 2].map((i) => opOf('/cold', i, 10 + i))
    const { read, load } = await logged([...hot, ...cold])
    const [many, few] = [read({ names: path('/hot') }), read({ names: path('/cold') })]
    const places = (log: readonly PathOp[]) => log.map((op) => `${op.path}${op.revision}`)

    const alone = await load([[many]])
    expect(places(alone.log)).toEqual(['/hot2', '/hot3', '/hot4'])
    expect(alone.unread).toEqual(new Set())
    const behind = await load([[many, few]])
    expect(places(behind.log)).toEqual(['/hot2', '/hot3', '/hot4'])
    expect(behind.unread).toEqual(new Set(few.mutationIds))
    const before = await load([[few, many]])
    expect(places(before.log)).toEqual(['/cold1', '/cold2', '/hot2', '/hot3', '/hot4'])
    expect(before.unread).toEqual(new Set(many.mutationIds))
    const whole = await load([[read({ names: null, afterVersion: 2 })]])
    expect(places(whole.log)).toEqual(['/cold1', '/cold2', '/hot3', '/hot4'])
    expect(whole.unread).toEqual(new Set())
  })

  it('[CS5] a page of a pull tells of so many in all; of the records after those it tells none', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const perRecord = OT_LOG_MAX
    await commit(storage, fleetId, (head) =>
      Array.from({ length: OT_PAGE_MAX / perRecord + 2 }, (_, n) => {
        const version = head + 1 + n
        const otOps = Array.from({ length: perRecord }, (_, i) => opOf('/a', i + 1, version))
        const { record, ...change } = changeOf({ deviceId, version, otOps })
        const ot = { '/a': { kind: 'text', revision: perRecord } } as const
        return { ...change, record: record && { ...record, ot } }
      }),
    )
    const pulled = async (afterVersion: number, heldVersion?: number) => {
      const reads = [
        { collection: 'reports', afterVersion, ...(heldVersion !== undefined && { heldVersion }) },
      ]
      const { records, otOps } = await storage.sync.pull(fleetId, reads, { limit: 99, maxBytes: 1e7 })
      return records.map(({ recordId }) => otOps.get(recordKey('reports', recordId))?.length)
    }
    const told = Array.from({ length: OT_PAGE_MAX / perRecord }, () => perRecord)
    expect(await pulled(1)).toEqual([...told, undefined])
    expect(await pulled(2)).toEqual(told)
    expect(await pulled(2, 0)).toEqual(told)
  })

  it('[PU7] a page of a pull tells of them in so many bytes; of what is past them the document says it', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    // What hardly packs, what packs to nothing, and letters of three bytes.
    const noise = (n: number) => Array.from({ length: 300 }, () => randomUUID()).join(`${n}`)
    const written = [['small'], [noise(1), noise(2)], ['x'.repeat(20_000)], ['事'.repeat(20_000)], ['small']]
    await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, version: head + 1 }),
      ...written.map((each, n) => {
        const version = head + 2 + n
        const otOps = each.map((ops, i) => opOf('/a', i + 1, version, { ops: [ops] }))
        const { record, ...change } = changeOf({ deviceId, version, otOps })
        const ot = { '/a': { kind: 'text', revision: each.length } } as const
        return { ...change, record: record && { ...record, ot } }
      }),
    ])
    const pulled = async (maxBytes: number) => {
      const reads = [{ collection: 'reports', afterVersion: 1 }]
      const { records, otOps } = await storage.sync.pull(fleetId, reads, { limit: 99, maxBytes })
      return records.map(({ recordId }) => otOps.get(recordKey('reports', recordId))?.length)
    }
    const [none, all] = [undefined, 11 + 2 * 11_105 + 20_006 + 60_006 + 11]
    expect(await pulled(all)).toEqual([1, 2, 1, 1, 1])
    expect(await pulled(all - 1)).toEqual([1, 2, 1, 1, none])
    expect(await pulled(60_000)).toEqual([1, 2, 1, none, none])
    expect(await pulled(42_226)).toEqual([1, 2, none, none, none])
    expect(await pulled(22_220)).toEqual([1, none, none, none, none])
    expect(await pulled(5_000)).toEqual([1, none, none, none, none])
  })

  it('[TK9] a page in the middle of a run tells of a record what came to it since the run began', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    await commit(storage, fleetId, (head) => {
      const others = [1, 2, 3].map((n) => changeOf({ deviceId, version: head + n }))
      const otOps = [1, 2, 3, 4].map((n) => opOf('/a', n, head + n))
      const { record, ...change } = changeOf({ deviceId, version: head + 4, otOps })
      return [
        ...others,
        { ...change, record: record && { ...record, ot: { '/a': { kind: 'text', revision: 4 } } } },
      ]
    })
    const pulled = async (afterVersion: number, heldVersion: number) => {
      const reads = [{ collection: 'reports', afterVersion, heldVersion }]
      const { otOps } = await storage.sync.pull(fleetId, reads, { limit: 9, maxBytes: 1e6 })
      return [...otOps.values()].flat().map(({ revision }) => revision)
    }
    expect([await pulled(3, 3), await pulled(3, 1), await pulled(3, 0)]).toEqual([[4], [2, 3, 4], [4]])
  })
})
