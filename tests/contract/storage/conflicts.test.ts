import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { CONFLICT_FIELDS, type ConflictKey, type ConflictSort } from '#lib/query/conflict-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import { frozen } from '#lib/query/frozen.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import type { ConflictFilter } from '#lib/storage/ports.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  conflictEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
} from './world.ts'

describe.each(BACKENDS)('conflicts as the desk finds them, on $name', (backend) => {
  const current = opened(backend)

  const asked = (q: string, sort: ConflictSort = 'newest', lookMax?: number): ConflictFilter => {
    const parsed = parseFilter(q, CONFLICT_FIELDS)
    if (!parsed.ok) throw new Error(`not understood: ${q}`)
    const conditions: Filter<ConflictKey> = frozen(parsed.value, NOW_MS)
    return { conditions, sort, ...(lookMax === undefined ? {} : { lookMax }) }
  }
  const open3 = { outcome: 'manual', result: null, resolution: null } as const

  /** Three conflicts a second apart: two of one pair of versions over /a, one over two fields that is settled. */
  async function threeConflicts() {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const sessionId = randomUUID()
    const recordIds = [randomUUID(), randomUUID(), randomUUID()]
    const first = changeOf({ deviceId, version: 1, recordId: recordIds[0] as string })
    await commit(storage, fleetId, () => [{ ...first, appVersion: '2.4.1' }])
    const effects = [
      conflictEffect({ ...open3, fields: ['/a'], remoteVersion: 1 }),
      conflictEffect({ ...open3, fields: ['/a'], remoteVersion: 1 }),
      conflictEffect({ fields: ['/a', '/b\u0000c'], remoteVersion: 99 }),
    ]
    const ids = effects.map(({ id }) => id)
    const mutationIds: string[] = []
    for (const [i, conflict] of effects.entries()) {
      const change = changeOf({
        deviceId,
        sessionId,
        version: null,
        conflict,
        recordId: recordIds[i] as string,
      })
      mutationIds.push(change.incoming.mutation.id)
      await commit(storage, fleetId, () => [{ ...change, appVersion: i === 2 ? '2.5.0' : '2.4.0' }], {
        committedAtMs: NOW_MS + i * 1_000,
      })
    }
    return { storage, fleetId, deviceId, sessionId, recordIds, ids, mutationIds, first }
  }

  it('[CS7] finds them by each key, and by free words in the device’s name', async () => {
    const { storage, fleetId, deviceId, sessionId, recordIds, ids } = await threeConflicts()
    await storage.conflicts.annotate(fleetId, ids[0] as string, (row) => ({
      desk: { assigned: 'night ops', note: 'looked at', version: row.desk.version + 1 },
      audit: audit(),
    }))
    const found = async (q: string) =>
      (await storage.conflicts.list(fleetId, asked(q), { limit: 10, cursor: null })).items.map(({ id }) =>
        ids.indexOf(id),
      )
    expect(await found('')).toEqual([2, 1, 0])
    const cases: readonly (readonly [string, readonly number[]])[] = [
      ['status:open', [1, 0]],
      ['-status:open', [2]],
      ['collection:reports', [2, 1, 0]],
      ['collection:other', []],
      ['field:/a', [2, 1, 0]],
      ['-field:/a', []],
      ['field:record', []],
      ['version:2.4.0', [1, 0]],
      ['against:2.4.1', [1, 0]],
      ['-against:2.4.1', [2]],
      ['against:unknown', [2]],
      ['version:unknown', []],
      ['strategy:lww outcome:local', [2]],
      ['kept:mine', []],
      ['assigned:"night ops"', [0]],
      ['assigned:nobody', [2, 1]],
      [`device:${deviceId}`, [2, 1, 0]],
      [`device:${randomUUID()}`, []],
      [`record:${recordIds[1]}`, [1]],
      [`session:${sessionId} id:${ids[2]}`, [2]],
      ['nobody-is-called-so', []],
    ]
    for (const [q, expected] of cases) expect([q, await found(q)]).toEqual([q, expected])
    const name = (await storage.conflicts.get(fleetId, ids[0] as string))?.deviceName ?? ''
    expect(name).not.toBe('')
    expect(await found(`"${name.toUpperCase()}"`)).toEqual([2, 1, 0])
  })

  it('[CS7] pages by either order, and says where a bounded look ended', async () => {
    const { storage, fleetId, ids } = await threeConflicts()
    for (const [sort, expected] of [
      ['newest', [2, 1, 0]],
      ['waiting', [0, 1, 2]],
    ] as const) {
      const seen: number[] = []
      let cursor: { atMs: number; id: string } | null = null
      for (let pages = 0; pages < 5; pages++) {
        const page = await storage.conflicts.list(fleetId, asked('', sort), { limit: 1, cursor })
        seen.push(...page.items.map(({ id }) => ids.indexOf(id)))
        cursor = page.next
        if (cursor === null) break
      }
      expect(seen).toEqual(expected)
    }
    const short = await storage.conflicts.list(fleetId, asked('-strategy:lww', 'newest', 2), {
      limit: 5,
      cursor: null,
    })
    expect(short.items).toEqual([])
    expect(short.next?.id).toBe(ids[1])
  })

  it('[CS7] counts values, and groups by collection, field and pair of versions', async () => {
    const { storage, fleetId } = await threeConflicts()
    const { facets, matching, capped } = await storage.conflicts.facets(fleetId, asked('status:open'))
    expect({ matching, capped }).toEqual({ matching: 2, capped: false })
    const valuesOf = (key: ConflictKey) => facets.find((one) => one.key === key)?.values
    expect(valuesOf('status')).toEqual([
      { value: 'open', count: 2 },
      { value: 'resolved', count: 1 },
    ])
    expect(valuesOf('field')).toEqual([{ value: '/a', count: 2 }])
    expect(valuesOf('assigned')).toEqual([{ value: 'nobody', count: 2 }])
    const { groups, total } = await storage.conflicts.groups(fleetId, asked(''), 2)
    expect(total).toBe(3)
    const pair = { collection: 'reports', place: '/a', devices: 1 }
    expect(groups).toEqual([
      {
        ...pair,
        appVersion: '2.4.0',
        remoteAppVersion: '2.4.1',
        count: 2,
        oldestAtMs: NOW_MS,
        newestAtMs: NOW_MS + 1_000,
      },
      {
        ...pair,
        appVersion: '2.5.0',
        remoteAppVersion: null,
        count: 1,
        oldestAtMs: NOW_MS + 2_000,
        newestAtMs: NOW_MS + 2_000,
      },
    ])
  })

  it('[CS7] finds and groups by field what the release before wrote, which kept none', async () => {
    const { storage, fleetId, ids } = await threeConflicts()
    const { url } = current()
    if (url !== null) {
      const owner = new pg.Client({ connectionString: url })
      await owner.connect()
      await owner.query('UPDATE conflict SET places = DEFAULT WHERE fleet_id = $1 AND id = ANY ($2)', [
        fleetId,
        ids.slice(0, 2),
      ])
      await owner.end()
    }
    const of = async (q: string) =>
      (await storage.conflicts.list(fleetId, asked(q, 'waiting'), { limit: 10, cursor: null })).items.length
    expect([await of('field:/a'), await of('-field:/a'), await of('field:none')]).toEqual([3, 0, 0])
    const { facets } = await storage.conflicts.facets(fleetId, asked('status:open'))
    expect(facets.find(({ key }) => key === 'field')?.values).toEqual([{ value: '/a', count: 2 }])
    const { groups } = await storage.conflicts.groups(fleetId, asked('status:open'), 5)
    expect(groups).toMatchObject([{ place: '/a', count: 2 }])
  })

  it('[CS7] counts each conflict in one pair of app versions', async () => {
    const { storage, fleetId } = await threeConflicts()
    expect(await storage.conflicts.pairs(fleetId, asked(''), 1)).toEqual({
      pairs: [{ appVersion: '2.4.0', remoteAppVersion: '2.4.1', count: 2 }],
      total: 2,
      conflicts: 3,
      capped: false,
    })
    const none = { pairs: [], total: 0, conflicts: 0, capped: false }
    const short = await storage.conflicts.pairs(fleetId, asked('version:1.0.0', 'newest', 2), 5)
    expect(short).toEqual({ ...none, capped: true })
    const newest = await storage.conflicts.pairs(fleetId, asked('', 'newest', 2), 5)
    expect(newest).toMatchObject({ total: 2, conflicts: 2, capped: true })
    expect(await storage.conflicts.pairs(fleetId, asked('version:1.0.0'), 5)).toEqual(none)
  })

  it('[CS7] tells who made each side', async () => {
    const { storage, fleetId, deviceId, ids, mutationIds, first } = await threeConflicts()
    const sides = await storage.conflicts.sides(fleetId, [...ids, randomUUID()])
    expect([...sides.keys()].toSorted()).toEqual(ids.toSorted())
    expect(sides.get(ids[0] as string)).toMatchObject({
      local: { mutationId: mutationIds[0], deviceId, appVersion: '2.4.0' },
      remote: { mutationId: first.incoming.mutation.id, deviceId, appVersion: '2.4.1' },
    })
    expect(sides.get(ids[2] as string)).toMatchObject({ local: { appVersion: '2.5.0' }, remote: null })
  })

  it('[CS6] keeps what people say of one with its entry, and how long they took', async () => {
    const { storage, fleetId, deviceId, ids } = await threeConflicts()
    const id = ids[0] as string
    const said = { assigned: 'Ann \u0000', note: 'ask the crew', version: 1 }
    const entry = audit()
    const changed = await storage.conflicts.annotate(fleetId, id, () => ({ desk: said, audit: entry }))
    expect(changed?.desk).toEqual(said)
    expect((await storage.conflicts.get(fleetId, id))?.desk).toEqual(said)
    const refusal = storage.conflicts.annotate(fleetId, id, () => {
      throw new Error('not now')
    })
    await expect(refusal).rejects.toThrow('not now')
    const none = storage.conflicts.annotate(fleetId, randomUUID(), () => ({ desk: said, audit: audit() }))
    expect(await none).toBeNull()
    const nobody = { count: 0, p50Ms: null, p95Ms: null, kept: { mine: 0, theirs: 0, merged: 0 } }
    expect(await storage.conflicts.settleTimes(fleetId, 0, NOW_MS * 2)).toEqual(nobody)
    for (const [i, kept] of (['mine', 'merged'] as const).entries()) {
      const mutationId = randomUUID()
      await commit(
        storage,
        fleetId,
        (head) => {
          const closed = { conflictId: ids[i] as string, mutationId, deviceId, kept, version: head + 1 }
          const closes = { ...closed, data: { title: 'decided' } }
          return [changeOf({ deviceId, version: head + 1, mutationId, resolves: ids[i] as string, closes })]
        },
        { committedAtMs: NOW_MS + 5_000 },
      )
    }
    expect(await storage.conflicts.settleTimes(fleetId, NOW_MS, NOW_MS + 6_000)).toEqual({
      count: 2,
      p50Ms: 4_000,
      p95Ms: 5_000,
      kept: { mine: 1, theirs: 0, merged: 1 },
    })
    expect(await storage.conflicts.settleTimes(fleetId, NOW_MS + 5_001, NOW_MS * 2)).toEqual(nobody)
  })
})
