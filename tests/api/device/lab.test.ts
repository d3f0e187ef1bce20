import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { getLabRun, type LabRunFound } from '#lib/application/lab/list-lab-runs.ts'
import { startLabRun } from '#lib/application/lab/start-lab-run.ts'
import { stopLabRun } from '#lib/application/lab/stop-lab-run.ts'
import { showScar } from '#lib/application/reviews/show-scar.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { audit, changeOf, commit, conflictEffect } from '#tests/contract/storage/world.ts'
import { labRun } from '#tests/support/lab-run.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet, type TestApp } from '#tests/support/device-world.ts'
import { STORAGES, type TestStorage } from '#tests/support/storages.ts'

const collection = 'reports'
const HOUR_MS = 3_600_000

describe.each(STORAGES)('a run of the strategy lab over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleetId: string
  let collectionId: string
  let one: TestDevice
  let two: TestDevice
  beforeAll(async () => {
    held = await open()
    app = testApp(held.storage)
    const fleet = await testFleet(app)
    fleetId = fleet.fleetId
    const body = { name: collection, strategy: 'lww', schema: NOTES_SCHEMA }
    collectionId = (await createCollection(app.ctx, { actor: SYSTEM, fleetId, body })).id
    one = await TestDevice.enroll(app, fleet)
    two = await TestDevice.enroll(app, fleet)
  })
  afterAll(() => held.close())

  const who = () => ({ actor: SYSTEM, fleetId })
  const start = (more: object = {}) =>
    startLabRun(app.ctx, {
      ...who(),
      body: { collection: collectionId, from: 0, to: Date.now() + HOUR_MS, ...more },
    })
  async function done(id: string): Promise<LabRunFound> {
    for (let asked = 0; asked < 400; asked++) {
      const run = await getLabRun(app.ctx, { ...who(), id })
      if (run.state !== 'running') return run
      await wait(25)
    }
    throw new Error('the run does not end')
  }

  /** A record that both changed: `two` first, `one` after it, each with the clock that it had. */
  async function contest(
    mine: Readonly<Record<string, string | number>>,
    theirs: Readonly<Record<string, string | number>>,
    { mineOffMs = 0, theirsOffMs = 0 }: { readonly mineOffMs?: number; readonly theirsOffMs?: number } = {},
  ): Promise<string> {
    const made = one.mutation({ collection, op: { type: 'put', data: { title: 'first', count: 1 } } })
    const { recordId } = made
    const [first] = (await one.pushed([made])).results
    if (first?.status !== 'applied') throw new Error('the record is not there')
    const at = { collection, recordId, baseVersion: first.version }
    const written = (device: TestDevice, trueMs: number, offMs: number) => ({
      hlc: formatHlc({ wallMs: trueMs + offMs, counter: 0, deviceId: device.id }),
      madeAt: new Date(trueMs + offMs).toISOString(),
      madeOffsetMs: -offMs,
    })
    const nowMs = Date.now()
    const set = (values: typeof mine) => ({ type: 'patch' as const, set: values })
    await two.pushed([two.mutation({ ...at, ...written(two, nowMs - 2_000, theirsOffMs), op: set(theirs) })])
    await one.pushed([one.mutation({ ...at, ...written(one, nowMs - 1_000, mineOffMs), op: set(mine) })])
    return recordId
  }

  const commitConflicts = (many: number, committedAtMs: number) =>
    commit(
      held.storage,
      fleetId,
      (head) =>
        Array.from({ length: many }, (_, i) => {
          const recordId = randomUUID()
          const version = head + 1 + i
          const sides = {
            base: { title: 'a' },
            local: { title: 'b' },
            remote: { title: 'c' },
            remoteVersion: version,
          }
          const conflict = conflictEffect({
            ...sides,
            outcome: 'remote',
            fields: ['/title'],
            schemaVersion: 1,
          })
          return [
            changeOf({ collection, deviceId: two.id, recordId, version, data: { title: 'c' } }),
            changeOf({ collection, deviceId: one.id, recordId, version: null, conflict }),
          ]
        }).flat(),
      { committedAtMs },
    )

  it('leaves out the conflicts of a namesake that was there before the collection was made', async () => {
    const { createdAtMs } = (await held.storage.collections.get(fleetId, collectionId)) ?? { createdAtMs: 0 }
    await commitConflicts(1, createdAtMs - 1)
    const run = await start()
    expect(run.total).toBe(0)
    expect((await done(run.id)).report).toMatchObject({ recorded: 0, fromMs: createdAtMs })
  })

  it('[LB1] [LB3] [LB4] shows with the records what lww lost, what field-merge had kept, and whom a wrong clock let win', async () => {
    const disjoint = await contest({ title: 'mine' }, { count: 7 })
    const wrong = await contest({ title: 'mine' }, { title: 'theirs' }, { theirsOffMs: 60_000 })
    const { report, ...run } = await done((await start()).id)
    expect(run).toMatchObject({ state: 'done', looked: 2, total: 2 })
    expect(report).toMatchObject({ recorded: 2, replayed: 2, capped: false })
    const column = (id: string) => report?.columns.find((each) => each.id === id)
    const current = column('current')
    expect(current?.counts).toMatchObject({ conflicts: 2, changes: 4, lostUpdates: 2, wrongWinners: 1 })
    const lost = current?.examples.lost_update ?? []
    expect(new Set(lost.map(({ recordId }) => recordId))).toEqual(new Set([disjoint, wrong]))
    expect(current?.examples.wrong_winner).toMatchObject([
      { recordId: wrong, places: ['/title'], side: 'local' },
    ])
    const merged = column('field-merge:lww')
    expect(merged?.counts).toMatchObject({ lostUpdates: 1, manual: 0 })
    expect(merged?.examples.lost_update).toMatchObject([{ recordId: wrong }])
    expect(merged?.differs).toMatchObject({ conflicts: 1, examples: [{ recordId: disjoint }] })
    expect(report?.fields).toMatchObject([{ place: '/title', contested: 1 }])
  })

  it('is the evidence of the SCAR report, but for a run by other clocks', async () => {
    await done((await start({ clocksOffMs: HOUR_MS })).id)
    const scar = await showScar(app.ctx, { ...who(), id: collectionId })
    expect(JSON.stringify(scar)).toContain(
      '2 lost updates, 2 silent overwrites, 0 manual decisions, 1 wrong winner',
    )
  })

  it('takes settings that somebody proposes, and refuses what is none', async () => {
    const proposed = { strategy: 'manual', tieRule: 'lww', fieldStrategies: {} }
    const { report } = await done((await start({ proposed })).id)
    expect(report?.columns.map(({ id }) => id).slice(0, 2)).toEqual(['current', 'proposed'])
    expect(report?.columns[1]?.counts.manual).toBe(2)
    const both = { strategy: 'crdt', tieRule: 'lww', fieldStrategies: { '/t': 'ot' } }
    await expect(start({ proposed: both })).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await expect(start({ from: 5, to: 5 })).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await expect(start({ to: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({
      tidemarkCode: 'bad_request',
    })
    await expect(start({ clocksOffMs: -1 })).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await expect(start({ strange: 1 })).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await expect(start({ collection: randomUUID() })).rejects.toMatchObject({ tidemarkCode: 'not_found' })
  })

  it('goes on alone in its fleet, says how far it is, and is stopped without a report', async () => {
    const many = 3_000
    await commitConflicts(many, Date.now())
    const run = await start()
    expect(run.total).toBe(many + 2)
    await expect(start()).rejects.toMatchObject({ tidemarkCode: 'rate_limited' })
    const stopped = await stopLabRun(app.ctx, { ...who(), id: run.id, body: {} })
    expect(stopped).toMatchObject({ state: 'cancelled', report: null })
    const next = await start()
    const { report } = await done(next.id)
    expect(report?.recorded).toBe(many + 2)
    // It was stopped for good: what it found afterwards is not kept.
    expect(await getLabRun(app.ctx, { ...who(), id: run.id })).toMatchObject({
      state: 'cancelled',
      report: null,
    })
  })

  it('whose process is gone is told as failed, and keeps no other from beginning', async () => {
    const silent = labRun(fleetId, collectionId, Date.now() - HOUR_MS)
    const bounds = { kept: 20, atOnce: 1, goneBeforeMs: 0, lost: '' }
    await held.storage.lab.begin(silent, bounds, audit('lab.run'))
    expect(await getLabRun(app.ctx, { ...who(), id: silent.id })).toMatchObject({
      state: 'failed',
      problem: 'its process ended before it was done; start it again',
    })
    expect(await done((await start()).id)).toMatchObject({ state: 'done' })
  })
})
