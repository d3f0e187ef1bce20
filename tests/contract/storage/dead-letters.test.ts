import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Filter } from '#lib/query/field.ts'
import { asks, type LetterKey } from '#lib/query/letter-fields.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  letterEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
} from './world.ts'

const ANY = { conditions: [] }

describe.each(BACKENDS)('dead letters on $name', (backend) => {
  const current = opened(backend)

  async function fleetWithLetters(count: number) {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId, { name: 'Till 4' })
    const letters = Array.from({ length: count }, (_, i) =>
      letterEffect({
        code: i % 2 ? 'schema_mismatch' : 'unknown_collection',
        detail: `cause ${i}`,
        path: [`/a/${i}`, '/b', i % 2 === 0 ? null : ''][i % 3] ?? null,
      }),
    )
    for (const [i, deadLetter] of letters.entries()) {
      await commit(storage, fleetId, () => [changeOf({ deviceId, version: null, deadLetter })], {
        committedAtMs: NOW_MS + (i % 4),
      })
    }
    return { storage, fleetId, deviceId, letters }
  }

  it('keeps everything needed to understand one, hostile texts included', async () => {
    const { storage, fleetId, deviceId } = await fleetWithLetters(0)
    const sessionId = randomUUID()
    const deadLetter = letterEffect({
      detail: 'a\u0000b \ud800 \\ "',
      path: '/a\u0000/~1',
      base: { x: 1 },
      parentMutationId: randomUUID(),
    })
    const change = changeOf({ deviceId, sessionId, version: null, deadLetter, collection: 'no\u0000such' })
    await commit(storage, fleetId, () => [change])
    expect(await storage.deadLetters.get(fleetId, deadLetter.id)).toEqual({
      ...deadLetter,
      fleetId,
      mutation: change.incoming.mutation,
      deviceId,
      deviceName: 'Till 4',
      sessionId,
      appVersion: '1.0.0',
      madeAtMs: NOW_MS - 60_000,
      createdAtMs: NOW_MS,
      status: 'open',
      attempts: 0,
      lastReplay: null,
      discardedAtMs: null,
      discardedWith: null,
      editedAs: null,
      fingerprint: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      fingerprintVersion: 1,
      place: '/a\u0000/~1',
      said: 'a\u0000b \ud800 \\ "',
      groupId: (await storage.deadLetters.get(fleetId, deadLetter.id))?.fingerprint,
    })
    const list = async (...conditions: Filter<LetterKey>) =>
      (await storage.deadLetters.list(fleetId, { conditions }, { limit: 9, cursor: null })).items.map(
        (row) => row.id,
      )
    expect(
      await list(
        asks('collection', 'no\u0000such'),
        asks('session', sessionId),
        asks('device', deviceId),
        asks('status', 'open'),
        asks('code', 'schema_mismatch'),
        asks('version', '1.0.0'),
        asks('path', '/a\u0000/~1'),
        { kind: 'words', not: false, text: '/A\u0000/' },
      ),
    ).toEqual([deadLetter.id])
    // Of a collection that there is none of nobody knows what it masks: no word finds what its letters say.
    expect(await list({ kind: 'words', not: false, text: 'A\u0000B' })).toEqual([])
    expect(await list(asks('collection', 'no\ufffdsuch'))).toEqual([])
    const open = { conditions: [asks('status', 'open')], nowMs: NOW_MS }
    expect((await storage.letterGroups.list(fleetId, open, 100)).groups[0]).toMatchObject({
      detail: deadLetter.detail,
      collection: 'no\u0000such',
      place: '/a\u0000/~1',
    })
    expect(
      (await storage.deadLetters.heldBy(fleetId, deadLetter.parentMutationId as string, 9)).map(
        (row) => row.id,
      ),
    ).toEqual([deadLetter.id])
  })

  it('pages without gap or repeat, and counts open ones by code', async () => {
    const { storage, fleetId, letters } = await fleetWithLetters(11)
    const seen: string[] = []
    let cursor = null
    do {
      const page = await storage.deadLetters.list(fleetId, ANY, { limit: 2, cursor })
      seen.push(...page.items.map((row) => row.id))
      cursor = page.next
    } while (cursor)
    expect([seen.length, new Set(seen).size]).toEqual([letters.length, letters.length])
    expect(await storage.deadLetters.countOpen(fleetId)).toBe(11)
    expect(await storage.deadLetters.countOpenByCode(fleetId)).toEqual({
      schema_mismatch: 5,
      unknown_collection: 6,
    })
  })

  it('a page looks through so many, and goes on behind them', async () => {
    const { storage, fleetId, letters } = await fleetWithLetters(9)
    const conditions = [asks('code', 'schema_mismatch')]
    const seen: string[] = []
    let cursor = null
    let pages = 0
    do {
      const page = await storage.deadLetters.list(fleetId, { conditions, lookMax: 2 }, { limit: 9, cursor })
      seen.push(...page.items.map((row) => row.id))
      cursor = page.next
      pages += 1
    } while (cursor)
    expect(pages).toBe(5)
    const wanted = letters.filter(({ code }) => code === 'schema_mismatch').map(({ id }) => id)
    expect(seen.toSorted()).toEqual(wanted.toSorted())
    const facets = await storage.deadLetters.facets(fleetId, { conditions, lookMax: 2 })
    expect([facets.capped, facets.matching <= 2]).toEqual([true, true])
    expect(await storage.deadLetters.facets(fleetId, ANY)).toMatchObject({ capped: false, matching: 9 })
  })

  it('discards an open letter once, with its audit entry', async () => {
    const { storage, fleetId, letters } = await fleetWithLetters(1)
    const id = letters[0]?.id as string
    const tries = await Promise.all(
      [1, 2, 3].map(() =>
        storage.deadLetters.discard(fleetId, id, [], NOW_MS, () => audit('letter.discard', { fleetId })),
      ),
    )
    expect(tries.filter(Boolean)).toHaveLength(1)
    expect(await storage.deadLetters.get(fleetId, id)).toMatchObject({ status: 'discarded' })
    expect(await storage.deadLetters.countOpen(fleetId)).toBe(0)
    expect(
      (await storage.audit.list({ fleetId, action: 'letter.discard' }, { limit: 9, cursor: null })).items,
    ).toHaveLength(1)
  })

  it('[DL3] finds what is held however far down, and discards and restores it with its root', async () => {
    const { storage, fleetId, deviceId } = await fleetWithLetters(0)
    const root = letterEffect()
    const rootChange = changeOf({ deviceId, version: null, deadLetter: root })
    await commit(storage, fleetId, () => [rootChange])
    let parentMutationId = rootChange.incoming.mutation.id
    const held: string[] = []
    for (let n = 0; n < 4; n++) {
      const deadLetter = letterEffect({ code: 'parent_dead_lettered', parentMutationId })
      const change = changeOf({ deviceId, version: null, deadLetter })
      await commit(storage, fleetId, () => [change])
      held.push(deadLetter.id)
      parentMutationId = change.incoming.mutation.id
    }
    const behind = async (limit: number) =>
      (await storage.deadLetters.heldBy(fleetId, rootChange.incoming.mutation.id, limit)).map(({ id }) => id)
    expect([await behind(9), await behind(2)]).toEqual([held, held.slice(0, 2)])
    const [first, ...others] = held as [string, ...string[]]
    expect(await storage.deadLetters.discard(fleetId, first, [], NOW_MS - 5, () => audit())).toEqual([])
    expect(await storage.deadLetters.discard(fleetId, root.id, others, NOW_MS, () => audit())).toEqual(others)
    expect(await storage.deadLetters.get(fleetId, others[0] ?? '')).toMatchObject({
      status: 'discarded',
      discardedAtMs: NOW_MS,
      discardedWith: root.id,
    })
    expect(await storage.deadLetters.restore(fleetId, root.id, NOW_MS + 1, () => audit())).toBeNull()
    const opened = await storage.deadLetters.restore(fleetId, root.id, NOW_MS, () => audit())
    expect([...(opened ?? [])].sort()).toEqual(others.toSorted())
    expect(await storage.deadLetters.restore(fleetId, root.id, NOW_MS, () => audit())).toBeNull()
    expect(await storage.deadLetters.get(fleetId, first)).toMatchObject({ status: 'discarded' })
    expect(await storage.deadLetters.countOpen(fleetId)).toBe(4)
  })

  it('[DL22] purges what was closed long enough ago, the oldest first, and never what is open', async () => {
    const { storage, fleetId, letters } = await fleetWithLetters(6)
    const [a, b, c, d, open, late] = letters.map(({ id }) => id) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    for (const id of [a, b, c, d])
      await storage.deadLetters.discard(fleetId, id, [], NOW_MS + 10, () => audit())
    await storage.deadLetters.discard(fleetId, late, [], NOW_MS + 20, () => audit())
    const entries: unknown[] = []
    const purge = (limit: number) =>
      storage.deadLetters.purge(fleetId, NOW_MS + 20, limit, (purged) => {
        entries.push(purged)
        return audit('letter.expire', { fleetId })
      })
    expect(await storage.deadLetters.purge(fleetId, NOW_MS + 10, 9, () => audit())).toEqual({
      replayed: 0,
      discarded: 0,
    })
    expect([await purge(3), await purge(3), await purge(3)]).toEqual([
      { replayed: 0, discarded: 3 },
      { replayed: 0, discarded: 1 },
      { replayed: 0, discarded: 0 },
    ])
    expect(entries).toHaveLength(2)
    const log = await storage.audit.list({ fleetId, action: 'letter.expire' }, { limit: 9, cursor: null })
    expect(log.items).toHaveLength(2)
    const left = await Promise.all([a, b, c, d, open, late].map((id) => storage.deadLetters.get(fleetId, id)))
    expect(left.map((row) => row?.status)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'open',
      'discarded',
    ])
  })

  it('[ID3] opens the letter of what waited for a person again, hostile texts included, and makes it anew where it was purged', async () => {
    const { storage, fleetId, deviceId } = await fleetWithLetters(0)
    const deadLetter = letterEffect({ detail: 'the first' })
    const dead = changeOf({ deviceId, version: null, deadLetter })
    const { id: mutationId } = dead.incoming.mutation
    const waits = () => changeOf({ deviceId, version: null, mutationId, replayOf: deadLetter.id })
    const detail = 'a\u0000b \ud800 \\ "'
    const dies = () =>
      changeOf({
        deviceId,
        version: null,
        mutationId,
        deadLetter: { ...deadLetter, detail },
        releasedBy: randomUUID(),
      })
    const found = () => storage.deadLetters.get(fleetId, deadLetter.id)
    const at = (ms: number) => ({ committedAtMs: NOW_MS + ms })
    await commit(storage, fleetId, () => [dead])
    const first = await found()
    await commit(storage, fleetId, () => [waits()], at(1))
    expect(await found()).toMatchObject({ status: 'replayed', attempts: 1 })
    await commit(storage, fleetId, () => [dies()], at(2))
    const lastReplay = { atMs: NOW_MS + 2, status: 'dead_lettered', detail }
    expect(await found()).toEqual({ ...first, attempts: 1, lastReplay })
    // Both in one write.
    await commit(storage, fleetId, () => [waits(), dies()], at(3))
    expect(await found()).toEqual({ ...first, attempts: 2, lastReplay: { ...lastReplay, atMs: NOW_MS + 3 } })
    await commit(storage, fleetId, () => [waits()], at(4))
    await storage.deadLetters.purgeOne(fleetId, deadLetter.id, audit())
    await commit(storage, fleetId, () => [dies()], at(5))
    expect(await found()).toMatchObject({ status: 'open', attempts: 0, lastReplay: null, detail })
  })

  it('purges one closed letter by hand, and no open one', async () => {
    const { storage, fleetId, letters } = await fleetWithLetters(1)
    const id = letters[0]?.id as string
    const purge = () =>
      storage.deadLetters.purgeOne(fleetId, id, audit('letter.purge', { fleetId, target: id }))
    expect(await purge()).toBe(false)
    await storage.deadLetters.discard(fleetId, id, [], NOW_MS, () => audit())
    expect([await purge(), await purge(), await storage.deadLetters.get(fleetId, id)]).toEqual([
      true,
      false,
      null,
    ])
    expect(await storage.audit.ofTarget(fleetId, id, 9)).toHaveLength(1)
  })

  it('gives no letter of another fleet', async () => {
    const { storage, letters } = await fleetWithLetters(1)
    const other = await makeFleet(storage)
    const id = letters[0]?.id as string
    expect(await storage.deadLetters.get(other.id, id)).toBeNull()
    expect(await storage.deadLetters.discard(other.id, id, [], NOW_MS, () => audit())).toBeNull()
  })
})
