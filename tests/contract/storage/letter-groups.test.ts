import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import type { GroupChange, GroupRow } from '#lib/storage/ports.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
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

const HOUR_MS = 3_600_000
const OPEN = conditionsOf('status:open', LETTER_FIELDS)
const said = (id: string, changes: Partial<GroupRow> = {}): GroupRow => ({
  id,
  rootId: id,
  mergedInto: null,
  byHand: false,
  title: null,
  note: '',
  owner: null,
  snoozedUntilMs: null,
  version: 1,
  ...changes,
})

describe.each(BACKENDS)('groups of dead letters on $name', (backend) => {
  const current = opened(backend)

  /** Letters at `/a/N` (three, of two devices and versions), at `/b` (two) and of a rule (one). */
  async function world() {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const devices = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)] as const
    const write = async (path: string, device: 0 | 1, appVersion: string, hoursAgo: number) => {
      const deadLetter = letterEffect({
        path,
        code: path.startsWith('/') ? 'schema_mismatch' : 'rule_violation',
        detail: `no ${hoursAgo}`,
      })
      const change = { ...changeOf({ deviceId: devices[device].id, version: null, deadLetter }), appVersion }
      await commit(storage, fleetId, () => [change], { committedAtMs: NOW_MS - hoursAgo * HOUR_MS })
      return deadLetter.id
    }
    const a = [
      await write('/a/1', 0, '1.0', 30),
      await write('/a/2', 1, '1.0', 2),
      await write('/a/33', 0, '2.0', 1),
    ]
    const b = [await write('/b', 0, '1.0', 3), await write('/b', 0, '1.0', 3)]
    const rule = await write('calm', 1, '1.0', 5)
    const list = (conditions = OPEN, limit = 9) =>
      storage.letterGroups.list(fleetId, { conditions, nowMs: NOW_MS }, limit)
    const change = (parts: Partial<GroupChange>) =>
      storage.letterGroups.change(fleetId, () => ({
        put: [],
        move: null,
        drop: [],
        audit: audit(),
        ...parts,
      }))
    const groupOf = async (letterId: string) =>
      (await storage.deadLetters.get(fleetId, letterId))?.groupId ?? ''
    const listed = async (q: string) =>
      (
        await storage.deadLetters.list(
          fleetId,
          { conditions: conditionsOf(q, LETTER_FIELDS) },
          { limit: 99, cursor: null },
        )
      ).items
        .map(({ id }) => id)
        .toSorted()
    return { storage, fleetId, a, b, rule, list, change, groupOf, listed }
  }

  it('[DL9] count letters, devices and versions, largest first, with their day and what is past the bound', async () => {
    const { a, list, groupOf, rule } = await world()
    const { groups, totals, byVersion } = await list()
    expect(groups.map(({ count, place }) => [place, count])).toEqual([
      ['/a/*', 3],
      ['/b', 2],
      ['calm', 1],
    ])
    expect(groups[0]).toEqual({
      id: await groupOf(a[0] ?? ''),
      state: 'open',
      code: 'schema_mismatch',
      collection: 'reports',
      schemaVersion: 1,
      place: '/a/*',
      detail: 'no 1',
      newestLetterId: a[2],
      count: 3,
      devices: 2,
      versions: [
        { appVersion: '1.0', count: 2 },
        { appVersion: '2.0', count: 1 },
      ],
      versionsLeftOut: 0,
      firstAtMs: NOW_MS - 30 * HOUR_MS,
      lastAtMs: NOW_MS - HOUR_MS,
      byHour: Array.from({ length: 24 }, (_, hour) => (hour === 21 || hour === 22 ? 1 : 0)),
      lastReplay: null,
      title: null,
      note: '',
      owner: null,
      snoozedUntilMs: null,
      byHand: false,
      mergedIds: [],
      version: 0,
    })
    expect([totals, byVersion]).toEqual([
      { groups: 3, letters: 6 },
      { '1.0': 5, '2.0': 1 },
    ])
    const bounded = await list(OPEN, 1)
    expect([bounded.groups.length, bounded.totals, bounded.byVersion]).toEqual([1, totals, byVersion])
    const ofVersion = await list(conditionsOf('version:2.0', LETTER_FIELDS))
    expect(ofVersion.groups).toMatchObject([{ count: 1, devices: 1, detail: 'no 1' }])
    expect((await list(conditionsOf('rule:calm', LETTER_FIELDS))).groups).toMatchObject([
      { newestLetterId: rule },
    ])
  })

  it('[DL9] merge without a letter written, also those to come, and come apart as they were', async () => {
    const { a, b, rule, list, change, groupOf, listed, storage, fleetId } = await world()
    const [ga, gb, gr] = [await groupOf(a[0] ?? ''), await groupOf(b[0] ?? ''), await groupOf(rule)]
    await change({ put: [said(ga), said(gb, { mergedInto: ga, rootId: ga })] })
    await change({
      put: [said(ga, { mergedInto: gr, rootId: gr }), said(gb, { mergedInto: ga, rootId: gr }), said(gr)],
    })
    const { groups, totals } = await list()
    expect([totals.groups, groups[0]?.id, groups[0]?.count, groups[0]?.devices]).toEqual([1, gr, 6, 2])
    expect(groups[0]?.mergedIds).toEqual([ga, gb].toSorted())
    expect([await groupOf(b[0] ?? ''), await listed(`group:${gr}`), await listed(`group:${gb}`)]).toEqual([
      gr,
      [...a, ...b, rule].toSorted(),
      [],
    ])
    expect((await list(conditionsOf(`group:${ga},${gb}`, LETTER_FIELDS))).groups).toEqual([])
    await change({ put: [said(ga), said(gb), said(gr)] })
    expect((await list()).groups.map(({ id, count }) => [id, count])).toEqual([
      [ga, 3],
      [gb, 2],
      [gr, 1],
    ])
    expect(await listed(`group:${gb}`)).toEqual(b.toSorted())
    expect(await storage.letterGroups.rows(fleetId)).toHaveLength(3)
  })

  it('[DL9] each merged one still says its own cause, and every change of what was said is seen by the mark', async () => {
    const { a, b, rule, change, groupOf, storage, fleetId } = await world()
    const [ga, gb, gr] = [await groupOf(a[0] ?? ''), await groupOf(b[0] ?? ''), await groupOf(rule)]
    const marks = [await storage.letterGroups.mark(fleetId)]
    const changes: Partial<GroupChange>[] = [
      { put: [said(ga), said(gb, { mergedInto: ga, rootId: ga })] },
      { put: [said(ga, { note: 'seen', version: 2 })] },
      { put: [said(gb, { version: 2 })] },
      { put: [said(randomUUID(), { byHand: true })] },
    ]
    for (const one of changes) {
      await change(one)
      marks.push(await storage.letterGroups.mark(fleetId))
    }
    expect(new Set(marks).size).toBe(marks.length)
    await change({ put: [said(gb, { mergedInto: ga, rootId: ga, version: 3 })] })
    expect(await storage.letterGroups.newestOf(fleetId, [gb, gr, randomUUID()])).toEqual([
      {
        id: gb,
        code: 'schema_mismatch',
        collection: 'reports',
        place: '/b',
        detail: 'no 3',
        newestLetterId: b.toSorted().at(-1),
      },
      {
        id: gr,
        code: 'rule_violation',
        collection: 'reports',
        place: 'calm',
        detail: 'no 5',
        newestLetterId: rule,
      },
    ])
  })

  it('[DL9] keep what people said, and hold what they split off until it goes back', async () => {
    const { a, change, groupOf, list, storage, fleetId } = await world()
    const ga = await groupOf(a[0] ?? '')
    const row = said(ga, {
      title: 'empty \0 speed',
      note: 'a\\b',
      owner: 'night ops',
      snoozedUntilMs: NOW_MS + 1,
    })
    await change({ put: [row] })
    expect(await storage.letterGroups.rows(fleetId)).toEqual([row])
    expect((await list()).groups[0]).toMatchObject({
      state: 'snoozed',
      title: row.title,
      note: row.note,
      owner: row.owner,
    })
    const later = await storage.letterGroups.list(fleetId, { conditions: OPEN, nowMs: NOW_MS + 1 }, 9)
    expect(later.groups[0]?.state).toBe('open')
    const own = randomUUID()
    const letterIds = a.slice(0, 2)
    await change({ put: [said(own, { byHand: true, title: 'x' })], move: { letterIds, groupId: own } })
    expect(await storage.letterGroups.get(fleetId, own, NOW_MS)).toMatchObject({
      byHand: true,
      title: 'x',
      count: 2,
    })
    expect(await storage.letterGroups.lettersAmong(fleetId, [...letterIds, own])).toHaveLength(2)
    await change({ drop: [own] })
    expect(await storage.letterGroups.get(fleetId, own, NOW_MS)).toBeNull()
    expect((await list()).groups[0]).toMatchObject({ id: ga, count: 3 })
  })

  it('[DL9] are resolved when none is open, and then count all', async () => {
    const { storage, fleetId, b, groupOf, list } = await world()
    const gb = await groupOf(b[0] ?? '')
    for (const id of b) await storage.deadLetters.discard(fleetId, id, [], NOW_MS, () => audit())
    expect((await list()).groups.map(({ id }) => id)).not.toContain(gb)
    expect(await storage.letterGroups.get(fleetId, gb, NOW_MS)).toMatchObject({ state: 'resolved', count: 2 })
    const closed = await list(conditionsOf('-status:open', LETTER_FIELDS))
    expect(closed.groups).toMatchObject([{ id: gb, state: 'resolved' }])
    const other = await makeFleet(storage)
    expect(await storage.letterGroups.get(other.id, gb, NOW_MS)).toBeNull()
  })
})
