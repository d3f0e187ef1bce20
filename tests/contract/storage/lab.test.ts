import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DEFAULT_WEIGHTS, type LabReport } from '#lib/engine/lab/lab-report.ts'
import { labRun } from '#tests/support/lab-run.ts'
import { audit, BACKENDS, changeOf, commit, conflictEffect, makeFleet, NOW_MS, opened } from './world.ts'

const REPORT: LabReport = {
  collectionId: randomUUID(),
  collection: 'notes\0',
  fromMs: 0,
  toMs: NOW_MS,
  clocksOffMs: 0,
  recorded: 0,
  replayed: 0,
  left: [],
  capped: false,
  columns: [],
  fields: [],
  fieldsTotal: 0,
}
const BOUNDS = { kept: 2, atOnce: 1, goneBeforeMs: NOW_MS - 30_000, lost: 'gone' }
const ALL = { collectionId: null, fromMs: 0, toMs: NOW_MS * 2 }
const PAGE = { limit: 9, cursor: null }

describe.each(BACKENDS)('runs of the strategy lab over $name', (backend) => {
  const current = opened(backend)

  it('one runs at a time, says how far it is, and ends once', async () => {
    const { lab } = current().storage
    const { id: fleetId } = await makeFleet(current().storage)
    const run = labRun(fleetId, randomUUID(), NOW_MS)
    expect(await lab.begin(run, BOUNDS, audit('lab.run'))).toBe('begun')
    expect(await lab.begin(labRun(fleetId, randomUUID(), NOW_MS), BOUNDS, audit('lab.run'))).toBe('busy')
    expect(await lab.tell(fleetId, run.id, { looked: 2, atMs: NOW_MS + 5 })).toBe(true)
    expect(await lab.get(fleetId, run.id)).toEqual({ ...run, looked: 2, toldAtMs: NOW_MS + 5, report: null })
    const end = { state: 'done', problem: null, report: REPORT, atMs: NOW_MS + 9 } as const
    expect(await lab.end(fleetId, run.id, end, audit('lab.stop'))).toBe(true)
    expect(await lab.end(fleetId, run.id, { ...end, state: 'cancelled' }, audit('lab.stop'))).toBe(false)
    expect(await lab.tell(fleetId, run.id, { looked: 3, atMs: NOW_MS + 10 })).toBe(false)
    const over = { ...run, looked: 2, state: 'done', toldAtMs: NOW_MS + 9, endedAtMs: NOW_MS + 9 }
    expect(await lab.get(fleetId, run.id)).toEqual({ ...over, report: REPORT })
    expect((await lab.list(fleetId, ALL, PAGE)).items).toEqual([over])
    const stops = await current().storage.audit.list({ fleetId: null, action: 'lab.stop' }, PAGE)
    expect(stops.items).toHaveLength(1)
  })

  it('reads the conflicts of a collection and a time, its end left out, newest first and each once', async () => {
    const { storage } = current()
    const { lab } = storage
    const [fleet, other] = [await makeFleet(storage), await makeFleet(storage)]
    const write = (fleetId: string, atMs: number, many: number) =>
      commit(
        storage,
        fleetId,
        (head) =>
          Array.from({ length: many }, (_, i) =>
            changeOf({
              deviceId: fleetId,
              version: head + 1 + i,
              conflict: conflictEffect({ base: null, baseKnown: false, remoteVersion: 0 }),
            }),
          ),
        { committedAtMs: atMs },
      )
    for (const [atMs, many] of [
      [NOW_MS - 1, 1],
      [NOW_MS, 3],
      [NOW_MS + 1, 2],
      [NOW_MS + 2, 1],
    ] as const)
      await write(fleet.id, atMs, many)
    await write(other.id, NOW_MS, 1)
    const range = { collection: 'reports', fromMs: NOW_MS, toMs: NOW_MS + 2 }
    expect([await lab.count(fleet.id, range, 9), await lab.count(fleet.id, range, 4)]).toEqual([5, 4])
    expect(await lab.count(fleet.id, { ...range, toMs: NOW_MS }, 9)).toBe(0)
    expect(await lab.count(fleet.id, { ...range, collection: 'no\0' }, 9)).toBe(0)
    const first = await lab.conflicts(fleet.id, range, { limit: 2, cursor: null })
    const second = await lab.conflicts(fleet.id, range, { limit: 2, cursor: first.next })
    const third = await lab.conflicts(fleet.id, range, { limit: 2, cursor: second.next })
    const read = [first, second, third].flatMap(({ items }) => items)
    expect(read.map(({ createdAtMs }) => createdAtMs - NOW_MS)).toEqual([1, 1, 0, 0, 0])
    expect([new Set(read.map(({ id }) => id)).size, third.next]).toEqual([5, null])
    expect(read[0]).toMatchObject({ base: null, baseKnown: false, remoteVersion: 0, remoteSide: null })
  })

  it('one that said nothing for long is lost with its process, and lets another begin', async () => {
    const { lab } = current().storage
    const { id: fleetId } = await makeFleet(current().storage)
    const silent = labRun(fleetId, randomUUID(), NOW_MS, { toldAtMs: NOW_MS - 30_001 })
    await lab.begin(silent, BOUNDS, audit())
    const next = labRun(fleetId, silent.collectionId, NOW_MS + 1)
    expect(await lab.begin(next, BOUNDS, audit())).toBe('begun')
    expect(await lab.get(fleetId, silent.id)).toMatchObject({
      state: 'failed',
      problem: 'gone',
      endedAtMs: NOW_MS + 1,
    })
  })

  it('keeps the newest of each collection, and lists them by page and time', async () => {
    const { lab } = current().storage
    const { id: fleetId } = await makeFleet(current().storage)
    const [collectionId, other] = [randomUUID(), randomUUID()]
    const ended = async (of: string, atMs: number): Promise<string> => {
      const run = labRun(fleetId, of, atMs)
      await lab.begin(run, BOUNDS, audit())
      await lab.end(fleetId, run.id, { state: 'done', problem: null, report: null, atMs }, null)
      return run.id
    }
    const ids: string[] = []
    for (const n of [1, 2, 3]) ids.push(await ended(collectionId, NOW_MS + n))
    const theirs = await ended(other, NOW_MS + 4)
    const listed = async (filter: object, page = PAGE): Promise<readonly string[]> =>
      (await lab.list(fleetId, { ...ALL, ...filter }, page)).items.map(({ id }) => id)
    expect(await listed({})).toEqual([theirs, ids[2], ids[1]])
    expect(await listed({ collectionId })).toEqual([ids[2], ids[1]])
    expect(await listed({ fromMs: NOW_MS + 3, toMs: NOW_MS + 4 })).toEqual([ids[2]])
    const first = await lab.list(fleetId, ALL, { limit: 2, cursor: null })
    expect(
      (await lab.list(fleetId, ALL, { limit: 2, cursor: first.next })).items.map(({ id }) => id),
    ).toEqual([ids[1]])
    const { id: foreign } = await makeFleet(current().storage)
    expect((await lab.list(foreign, ALL, PAGE)).items).toEqual([])
    expect(await lab.get(foreign, theirs)).toBeNull()
  })

  it('keeps weights of a collection, each change on top of the one before', async () => {
    const { lab } = current().storage
    const { id: fleetId } = await makeFleet(current().storage)
    const collectionId = randomUUID()
    expect(await lab.weights(fleetId, collectionId)).toBeNull()
    const set = (version: number, lostUpdate: number) =>
      lab.setWeights(fleetId, collectionId, { version, weights: { ...DEFAULT_WEIGHTS, lostUpdate } }, audit())
    expect(await set(3, 7)).toBe('stale')
    expect(await set(0, 7)).toMatchObject({ version: 1 })
    expect(await set(0, 8)).toBe('stale')
    expect(await set(1, 9)).toMatchObject({ version: 2 })
    expect(await lab.weights(fleetId, collectionId)).toEqual({
      weights: { ...DEFAULT_WEIGHTS, lostUpdate: 9 },
      version: 2,
    })
  })
})
