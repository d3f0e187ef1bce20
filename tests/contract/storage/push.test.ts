import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ConflictEffect, RecordState } from '#lib/engine/types.ts'
import { baseKey } from '#lib/engine/types.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import { FAILED_TRIES_PER_DEVICE_MAX } from '#lib/storage/change-rows.ts'
import type { PushPlan, PushWrites, StoredReport } from '#lib/storage/ports.ts'
import {
  BACKENDS,
  NOW_MS,
  audit,
  changeOf,
  commit,
  commitRecords,
  conflictEffect,
  fleetWithDevice,
  letterEffect,
  opened,
  planOf,
  writesOf,
} from './world.ts'

const report = (seq: number, nonce = `nonce-${seq}`): StoredReport => ({
  state: 'pushing',
  seq,
  nonce,
  depth: 3,
  oldestMadeAtMs: NOW_MS - 9,
  byCollection: { reports: 3 },
  offsetMs: -4,
  rttMs: 80,
  atMs: NOW_MS,
})

describe.each(BACKENDS)('push transactions on $name', (backend) => {
  const current = opened(backend)

  it('loads what was written: heads, records, bases, mutations, responses, device', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const [first] = await commitRecords(storage, fleetId, deviceId, 1)
    const old = first as RecordState
    const requestId = randomUUID()
    const response = { deviceId, requestId, requestHash: 'h', body: '{"é":"\\u0000"}', createdAtMs: NOW_MS }
    const [change] = await commit(
      storage,
      fleetId,
      (head) => [
        changeOf({
          deviceId,
          requestId,
          version: head + 1,
          recordId: old.recordId,
          data: { title: 'b' },
          replaced: old,
          stamps: { '': '018bcfe56800-0000-x', '/a~1b': '018bcfe56801-0000-y' },
        }),
      ],
      {
        responses: [response],
        reports: [{ deviceId, appVersion: '2.0.0', platform: 'ios', report: report(7) }],
      },
    )
    const mutationId = change?.incoming.mutation.id as string
    const snapshot = await storage.sync.transact(fleetId, (tx) =>
      tx.load({
        ...planOf(),
        deviceIds: [deviceId, randomUUID()],
        requests: [
          { deviceId, requestId },
          { deviceId, requestId: randomUUID() },
        ],
        records: [
          { collection: 'reports', recordId: old.recordId },
          { collection: 'reports', recordId: randomUUID() },
        ],
        bases: [
          { collection: 'reports', recordId: old.recordId, version: 1 },
          { collection: 'reports', recordId: old.recordId, version: 2 },
        ],
        mutationIds: [mutationId, randomUUID()],
      }),
    )
    expect(snapshot.fleet).toEqual({ epoch: 1, configVersion: 1 })
    expect([...snapshot.heads]).toEqual([['reports', 2]])
    expect([...snapshot.records.values()]).toEqual([change?.record])
    expect([...snapshot.bases]).toEqual([
      [`reports/${old.recordId}@1`, { data: old.data, schemaVersion: 1, crdt: {} }],
    ])
    expect([...snapshot.responses]).toEqual([[`${deviceId}/${requestId}`, response]])
    expect([...snapshot.mutations.values()]).toEqual([
      {
        id: mutationId,
        deviceId,
        mutation: change?.incoming.mutation,
        result: change?.result,
        deadLetter: 'none',
        letterId: null,
        replacedBy: null,
      },
    ])
    expect(snapshot.devices.size).toBe(1)
    expect(snapshot.devices.get(deviceId)).toMatchObject({
      appVersion: '2.0.0',
      platform: 'ios',
      lastContactMs: NOW_MS,
      report: report(7),
    })
  })

  it('starts a stream at 0 and keeps it dense over many transactions at once', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => commitRecords(storage, fleetId, deviceId, 1 + (i % 3))),
    )
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], {
      limit: 100,
      maxBytes: 1e6,
    })
    expect(page.records.map((record) => record.version)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))
    expect(page.heads.get('reports')).toBe(24)
  })

  it('refuses a version that leaves a gap, and writes nothing then', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    await expect(
      commit(storage, fleetId, (head) => [changeOf({ deviceId, version: head + 2 })]),
    ).rejects.toThrow('assertion failed')
    const wrongHead = storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await tx.write(writesOf([changeOf({ deviceId, version: 1 })], { heads: new Map([['reports', 5]]) }))
    })
    await expect(wrongHead).rejects.toThrow('assertion failed')
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], {
      limit: 9,
      maxBytes: 1e6,
    })
    expect([page.records.length, page.heads.get('reports')]).toEqual([0, 0])
  })

  it('leaves nothing behind when the work throws after its write', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const sessionId = randomUUID()
    const entry = audit('push.audited')
    const change = changeOf({
      deviceId,
      sessionId,
      version: 1,
      conflict: conflictEffect({ outcome: 'manual' }),
      deadLetter: letterEffect(),
    })
    const event = {
      id: randomUUID(),
      atMs: NOW_MS,
      payload: {
        kind: 'fleet-gauges',
        openDeadLetters: 1,
        openDeadLettersByCode: {},
        openConflicts: 0,
        oldestUndeliveredAgeMs: null,
      },
    } as const
    const work = storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await tx.write(
        writesOf([change], {
          responses: [
            { deviceId, requestId: change.requestId, requestHash: 'h', body: '{}', createdAtMs: NOW_MS },
          ],
          reports: [{ deviceId, appVersion: '9', platform: 'ios', report: report(1) }],
          sessions: [{ sessionId, deviceId }],
          events: [event],
          audit: [entry],
        }),
      )
      throw new Error('stop')
    })
    await expect(work).rejects.toThrow('stop')
    const after = await storage.sync.transact(fleetId, (tx) =>
      tx.load({
        ...planOf(),
        deviceIds: [deviceId],
        requests: [{ deviceId, requestId: change.requestId }],
        mutationIds: [change.incoming.mutation.id],
      }),
    )
    expect([after.heads.get('reports'), after.responses.size, after.mutations.size]).toEqual([0, 0, 0])
    expect(after.devices.get(deviceId)).toMatchObject({ report: null, appVersion: '1.0.0' })
    expect(await storage.sync.getRecord(fleetId, 'reports', change.incoming.mutation.recordId)).toBeNull()
    expect([
      await storage.conflicts.countOpen(fleetId),
      await storage.deadLetters.countOpen(fleetId),
    ]).toEqual([0, 0])
    expect(await storage.sessions.inferAbandoned(fleetId, NOW_MS + 1, NOW_MS + 1, 9)).toBe(0)
    expect(await storage.telemetry.oldestUnfoldedMs(fleetId)).toBeNull()
    expect(
      (await storage.audit.list({ fleetId: null, action: 'push.audited' }, { limit: 9, cursor: null })).items,
    ).toEqual([])
  })

  it('writes in parts that follow each other, sent together and committed with the last', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const recordId = randomUUID()
    const first = changeOf({ deviceId, recordId, version: 1 })
    const parts = [
      writesOf([first], { reports: [{ deviceId, appVersion: '2', platform: 'ios', report: report(1) }] }),
      writesOf([changeOf({ deviceId, recordId, version: 2, replaced: first.record, data: { title: 'b' } })], {
        reports: [{ deviceId, appVersion: '3', platform: 'ios', report: report(2) }],
      }),
    ] as const
    await storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await Promise.all([tx.write(parts[0]), tx.writeLast(parts[1])])
    })
    expect(await storage.sync.getRecord(fleetId, 'reports', recordId)).toMatchObject({
      version: 2,
      data: { title: 'b' },
    })
    expect(await storage.devices.get(fleetId, deviceId)).toMatchObject({ appVersion: '3', report: report(2) })
  })

  it('leaves nothing behind when one of several parts fails', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const mutationId = randomUUID()
    await commit(storage, fleetId, (head) => [changeOf({ deviceId, mutationId, version: head + 1 })])
    const [before, behind] = [randomUUID(), randomUUID()]
    const work = storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await Promise.all([
        tx.write(writesOf([changeOf({ deviceId, recordId: before, version: 2 })])),
        tx.write(writesOf([changeOf({ deviceId, mutationId, version: 3 })])),
        tx.writeLast(writesOf([changeOf({ deviceId, recordId: behind, version: 4 })])),
      ])
    })
    await expect(work).rejects.toThrow()
    const kept = await storage.sync.getRecords(
      fleetId,
      [before, behind].map((recordId) => ({ collection: 'reports', recordId })),
    )
    expect(kept).toEqual([])
    await commit(storage, fleetId, (head) => [changeOf({ deviceId, version: head + 1 })])
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], {
      limit: 9,
      maxBytes: 1e6,
    })
    expect(page.heads.get('reports')).toBe(2)
  })

  it('[CL2] measures each report of a device against the one before it, two in one part too', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const reported = (seq: number, offsetMs: number) => ({
      deviceId,
      appVersion: '1',
      platform: 'ios' as const,
      report: { ...report(seq), offsetMs, rttMs: 10 },
    })
    await commit(storage, fleetId, () => [], {
      reports: [reported(1, 0), reported(2, 600_000), reported(3, 600_000), reported(4, 0)],
    })
    const device = await storage.devices.get(fleetId, deviceId)
    expect(device?.clockJumps).toMatchObject({ count: 2, last: { fromOffsetMs: 600_000, toOffsetMs: 0 } })
  })

  it('[ID1] refuses a second effect of a mutation id and a second response of a request', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const mutationId = randomUUID()
    await commit(storage, fleetId, (head) => [changeOf({ deviceId, mutationId, version: head + 1 })])
    await expect(
      commit(storage, fleetId, (head) => [changeOf({ deviceId, mutationId, version: head + 1 })]),
    ).rejects.toThrow()
    const responses = [
      { deviceId, requestId: randomUUID(), requestHash: 'h', body: '{}', createdAtMs: NOW_MS },
    ]
    await commit(storage, fleetId, () => [], { responses })
    await expect(commit(storage, fleetId, () => [], { responses })).rejects.toThrow()
    expect((await storage.sync.transact(fleetId, (tx) => tx.load(planOf()))).heads.get('reports')).toBe(1)
  })

  it('writes a record that changes twice in one group once, and keeps each replaced document', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const recordId = randomUUID()
    await commit(storage, fleetId, () => {
      const a = changeOf({ deviceId, recordId, version: 1, data: { n: 1 } })
      const b = changeOf({ deviceId, recordId, version: 2, data: { n: 2 }, replaced: a.record })
      const c = changeOf({ deviceId, recordId, version: 3, data: null, replaced: b.record })
      return [a, b, c]
    })
    expect(await storage.sync.getRecord(fleetId, 'reports', recordId)).toMatchObject({
      version: 3,
      deleted: true,
      data: null,
    })
    const bases = [1, 2, 3].map((version) => ({ collection: 'reports', recordId, version }))
    const snapshot = await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), bases }))
    expect([...snapshot.bases.values()].map(({ data }) => JSON.stringify(data)).sort()).toEqual([
      '{"n":1}',
      '{"n":2}',
    ])
  })

  it('[TK5] keeps long replaced documents as they were: one that was stored, one of the same group, one of a later part', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const recordId = randomUUID()
    const long = (n: number) => ({ title: `${n} `.repeat(6_000) })
    const crdt = (n: number): CrdtStates => ({ '/title': { kind: 'text', update: `${n}`.repeat(12_000) } })
    const made = (version: number, replaced: RecordState | null) => {
      const change = changeOf({
        deviceId,
        recordId,
        version,
        data: long(version),
        crdt: crdt(version),
        replaced,
      })
      return { ...change, record: change.record && { ...change.record, life: 1 } }
    }
    const first = made(1, null)
    await commit(storage, fleetId, () => [first])
    const second = made(2, first.record)
    const third = made(3, second.record)
    const fourth = made(4, third.record)
    await storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await Promise.all([tx.write(writesOf([second, third])), tx.writeLast(writesOf([fourth]))])
    })
    const place = { collection: 'reports', recordId }
    const bases = [1, 2, 3].map((version) => ({ ...place, version }))
    const loaded = await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), bases }))
    for (const version of [1, 2, 3]) {
      expect(loaded.bases.get(baseKey('reports', recordId, version))).toEqual({
        data: long(version),
        schemaVersion: 1,
        crdt: crdt(version),
      })
    }
  })

  it('[ID3] replays a dead letter: another death counts an attempt, success closes it and replaces the result', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const [mutationId, sessionId, recordId] = [randomUUID(), randomUUID(), randomUUID()]
    const deadLetter = letterEffect()
    const base = { deviceId, mutationId, recordId }
    await commit(storage, fleetId, () => [changeOf({ ...base, sessionId, version: null, deadLetter })])
    const load = async () =>
      (
        await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), mutationIds: [mutationId] }))
      ).mutations.get(mutationId)
    expect(await load()).toMatchObject({ deadLetter: 'open', result: { status: 'dead_lettered' } })

    const again = letterEffect({ detail: 'still not text' })
    await commit(storage, fleetId, () => [
      changeOf({ ...base, version: null, deadLetter: again, replayOf: deadLetter.id }),
    ])
    expect(await storage.deadLetters.get(fleetId, deadLetter.id)).toMatchObject({
      status: 'open',
      attempts: 1,
      lastReplay: { atMs: NOW_MS, status: 'dead_lettered', detail: 'still not text' },
    })
    expect(await storage.deadLetters.get(fleetId, again.id)).toBeNull()
    expect(await load()).toMatchObject({ deadLetter: 'open', result: { deadLetterId: deadLetter.id } })

    await commit(storage, fleetId, (head) => [
      changeOf({ ...base, version: head + 1, replayOf: deadLetter.id }),
    ])
    expect(await storage.deadLetters.get(fleetId, deadLetter.id)).toMatchObject({
      status: 'replayed',
      attempts: 2,
      lastReplay: { status: 'applied', detail: null },
    })
    expect(await load()).toMatchObject({ deadLetter: 'replayed', result: { status: 'applied', version: 1 } })
    expect(await storage.sync.changesOfSession(fleetId, sessionId, 9)).toMatchObject([
      { status: 'applied', version: 1, sessionId },
    ])
    const replaced = await storage.sync.getRecord(fleetId, 'reports', recordId)
    await expect(
      commit(storage, fleetId, (head) => [
        changeOf({ ...base, replaced, version: head + 1, replayOf: deadLetter.id }),
      ]),
    ).rejects.toThrow('is open')
    expect((await storage.sync.getRecord(fleetId, 'reports', recordId))?.version).toBe(1)
  })

  it('[CS7] keeps conflicts, and a mutation that resolves one closes it', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const sessionId = randomUUID()
    const open = conflictEffect({ outcome: 'manual', result: null, resolution: null })
    const settled = conflictEffect({
      fields: ['a\u0000b', '\ud800'],
      schemaVersion: null,
      base: null,
      baseKnown: false,
    })
    await commit(storage, fleetId, () => [
      changeOf({ deviceId, sessionId, version: null, conflict: open }),
      changeOf({ deviceId, sessionId, version: 1, conflict: settled }),
    ])
    const rows = await storage.conflicts.ofSession(fleetId, sessionId)
    expect(rows).toHaveLength(2)
    expect(rows.find((row) => row.id === open.id)).toMatchObject({
      ...open,
      status: 'open',
      sessionId,
      createdAtMs: NOW_MS,
    })
    expect(rows.find((row) => row.id === settled.id)).toMatchObject({ ...settled, status: 'resolved' })
    expect(await storage.conflicts.countOpen(fleetId)).toBe(1)
    const data = { title: 'decided' }
    const mutationId = randomUUID()
    await commit(storage, fleetId, (head) => {
      const version = head + 1
      const closes = { conflictId: open.id, mutationId, deviceId, kept: 'merged', version, data } as const
      return [changeOf({ deviceId, version, mutationId, resolves: open.id, closes })]
    })
    expect(await storage.conflicts.countOpen(fleetId)).toBe(0)
    expect(await storage.conflicts.get(fleetId, open.id)).toMatchObject({
      status: 'resolved',
      result: data,
      closure: { mutationId, kept: 'merged', version: 2, atMs: NOW_MS },
    })
    expect(await storage.conflicts.get(fleetId, randomUUID())).toBeNull()
  })

  it('[CS6] knows what waits behind a conflict, in order of arrival, until it is closed', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const open = conflictEffect({ outcome: 'manual', local: null, result: null, resolution: null })
    const parent = changeOf({ deviceId, version: null, conflict: open })
    const waiting = ['b', 'a', 'c'].map((name) =>
      changeOf({
        deviceId,
        version: null,
        heldBy: open.id,
        after: parent.incoming.mutation.id,
        recordId: parent.incoming.mutation.recordId,
        data: { title: name },
        result: { id: name, status: 'conflict', record: null, conflictId: open.id },
      }),
    )
    const ids = waiting.map(({ incoming }) => incoming.mutation.id)
    await commit(storage, fleetId, () => [parent, ...waiting.slice(0, 2)])
    await commit(storage, fleetId, () => waiting.slice(2), { committedAtMs: NOW_MS + 1 })
    const load = (more: Partial<PushPlan>) =>
      storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), ...more }))
    const named = await load({ conflictIds: [open.id] })
    expect(named.conflicts.get(open.id)).toMatchObject({
      schemaVersion: open.schemaVersion,
      status: 'open',
      local: null,
      closure: null,
      held: ids,
    })
    for (const id of ids) expect(named.mutations.get(id)?.result.status).toBe('conflict')
    expect((await load({ mutationIds: ids.slice(2) })).conflicts.get(open.id)?.held).toEqual(ids)
    const mutationId = randomUUID()
    await commit(storage, fleetId, (head) => {
      const closes = {
        conflictId: open.id,
        mutationId,
        deviceId,
        kept: 'mine',
        version: head + 1,
        data: null,
      } as const
      const released = waiting.map((change, i) => ({
        ...change,
        heldBy: null,
        releasedBy: open.id,
        result: { id: ids[i] as string, status: 'applied', version: head + 2 + i } as const,
        record: changeOf({ deviceId, version: head + 2 + i }).record,
      }))
      return [changeOf({ deviceId, mutationId, version: head + 1, closes }), ...released]
    })
    const after = await load({ conflictIds: [open.id], mutationIds: ids })
    expect(after.conflicts.get(open.id)).toMatchObject({ closure: { kept: 'mine', data: null }, held: [] })
    expect(ids.map((id) => after.mutations.get(id)?.result)).toMatchObject(
      ids.map((id, i) => ({ id, status: 'applied', version: 2 + i })),
    )
  })

  it('[AF3] what waits stands as it arrived, whatever the clock of each write says', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const [one, two] = [0, 1].map(() =>
      conflictEffect({ outcome: 'manual', local: null, result: null, resolution: null }),
    ) as [ConflictEffect, ConflictEffect]
    const parents = [one, two].map((conflict) => changeOf({ deviceId, version: null, conflict }))
    await commit(storage, fleetId, () => parents)
    const arrived = new Map<string, string[]>([one, two].map(({ id }) => [id, []]))
    const waiting = (...conflicts: readonly { readonly id: string }[]) =>
      conflicts.map(({ id: heldBy }) => {
        const mutationId = randomUUID()
        arrived.get(heldBy)?.push(mutationId)
        return changeOf({ deviceId, mutationId, version: null, heldBy })
      })
    const held = async () => {
      const conflictIds = [one.id, two.id]
      const { conflicts } = await storage.sync.transact(fleetId, (tx) =>
        tx.load({ ...planOf(), conflictIds }),
      )
      return new Map(conflictIds.map((id) => [id, conflicts.get(id)?.held]))
    }
    await commit(storage, fleetId, () => waiting(one, one, one))
    // A clock that is behind, one that stands still, and one that is far ahead of all that come later.
    for (const aheadMs of [-50, 0, 0, 3_600_000, -2_000, 0, 3_600_000]) {
      const committedAtMs = NOW_MS + aheadMs
      await commit(storage, fleetId, () => waiting(two, one, one, two, one), { committedAtMs })
      expect(await held()).toEqual(arrived)
    }
    // Two writes of a group have one time.
    await storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await Promise.all([
        tx.write(writesOf(waiting(one, one, two))),
        tx.write(writesOf(waiting(two, one, two))),
      ])
      await tx.writeLast(writesOf(waiting(one, two)))
    })
    expect(await held()).toEqual(arrived)
  })

  it('tells the changes of a session, oldest first and bounded', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const sessionId = randomUUID()
    for (const minute of [0, 1, 2]) {
      await commit(storage, fleetId, (head) => [changeOf({ deviceId, sessionId, version: head + 1 })], {
        committedAtMs: NOW_MS + minute,
      })
    }
    const rows = await storage.sync.changesOfSession(fleetId, sessionId, 2)
    expect(rows.map((row) => row.version)).toEqual([1, 2])
    expect(rows[0]).toMatchObject({
      deviceId,
      sessionId,
      status: 'applied',
      correctedMadeAtMs: NOW_MS - 60_000,
      receivedAtMs: NOW_MS - 5,
      committedAtMs: NOW_MS,
    })
    expect(await storage.sync.changesOfSession(fleetId, randomUUID(), 2)).toEqual([])
  })

  it('[DL4] counts failed tries by mutation, forgets the oldest past a device’s bound, and ends them', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
    const write = (more: Partial<PushWrites>) =>
      storage.sync.transact(fleetId, async (tx) => {
        await tx.load(planOf())
        await tx.write(writesOf([], more))
      })
    const load = async (triesOf: readonly string[]) =>
      (await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), triesOf }))).failedTries
    const tried = (mutationId: string, tries: number) => ({ mutationId, deviceId, tries })
    await write({ failedTries: [tried(a, 1), tried(b, 1)] })
    await write({ failedTries: [tried(b, 2)], committedAtMs: NOW_MS + 1 })
    expect(await load([a, b, c])).toEqual(
      new Map([
        [a, 1],
        [b, 2],
      ]),
    )
    expect(await storage.devices.failedTries(fleetId, deviceId, 9)).toEqual([
      { mutationId: b, tries: 2, lastAtMs: NOW_MS + 1 },
      { mutationId: a, tries: 1, lastAtMs: NOW_MS },
    ])
    expect(await storage.devices.failedTries(fleetId, deviceId, 1)).toHaveLength(1)
    expect(await storage.devices.failedTries(fleetId, randomUUID(), 9)).toEqual([])
    // What counts only now and then counts the first time, and when the last one is so long ago.
    for (const [tries, later] of [
      [7, 10],
      [8, 20],
    ] as const) {
      const spaced = { ...tried(b, tries), spacedMs: 15 }
      await write({ failedTries: [spaced], committedAtMs: NOW_MS + 1 + later })
    }
    expect(await load([b])).toEqual(new Map([[b, 8]]))
    await write({ endedTries: [a] })
    expect(await load([a])).toEqual(new Map())
    const many = Array.from({ length: FAILED_TRIES_PER_DEVICE_MAX }, () => tried(randomUUID(), 1))
    await write({ failedTries: many, committedAtMs: NOW_MS + 30 })
    expect([(await load([b])).size, (await load(many.map(({ mutationId }) => mutationId))).size]).toEqual([
      0,
      FAILED_TRIES_PER_DEVICE_MAX,
    ])
  })

  it('[DL7] keeps how many dead letters a device made on its last such day', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    await storage.sync.transact(fleetId, async (tx) => {
      const { letterDays } = await tx.load({ ...planOf(), deviceIds: [deviceId] })
      expect(letterDays.get(deviceId)?.count ?? 0).toBe(0)
      await tx.write(writesOf([], { letterDays: [{ deviceId, day: 20_000, count: 7 }] }))
    })
    const { letterDays } = await storage.sync.transact(fleetId, (tx) =>
      tx.load({ ...planOf(), deviceIds: [deviceId] }),
    )
    expect(letterDays.get(deviceId)).toEqual({ day: 20_000, count: 7 })
  })

  it('[AF4] links an edited replay to the mutation that it replaces, and loads one with the other', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const deadLetter = letterEffect()
    const dead = changeOf({ deviceId, version: null, deadLetter })
    await commit(storage, fleetId, () => [dead])
    const { id: editOf, recordId } = dead.incoming.mutation
    const again = changeOf({ deviceId, recordId, version: null, deadLetter, editOf, replayOf: deadLetter.id })
    await commit(storage, fleetId, () => [again])
    const edited = changeOf({ deviceId, recordId, version: 1, editOf, replayOf: deadLetter.id })
    await commit(storage, fleetId, () => [edited])
    const mutationIds = [editOf, again.incoming.mutation.id]
    const { mutations } = await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), mutationIds }))
    expect(mutations.get(editOf)).toMatchObject({
      replacedBy: edited.incoming.mutation.id,
      deadLetter: 'replayed',
      result: { status: 'dead_lettered' },
    })
    expect(mutations.get(edited.incoming.mutation.id)).toMatchObject({
      result: { status: 'applied', version: 1 },
    })
    expect(mutations.size).toBe(2)
    expect(await storage.deadLetters.get(fleetId, deadLetter.id)).toMatchObject({
      status: 'replayed',
      attempts: 2,
      editedAs: edited.incoming.mutation.id,
    })
  })
})
