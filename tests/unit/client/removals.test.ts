import { expect, test } from 'vitest'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { removalKey } from '#lib/client/notices.ts'
import { forgetAcknowledged, pruneAcknowledged, removalOf } from '#lib/client/outbox.ts'
import { storeRecord } from '#lib/client/records.ts'
import type { StoreTx } from '#lib/client/store.ts'
import type { AcknowledgedEntry } from '#lib/client/tables.ts'
import { positionKey, putRow } from '#lib/client/tables.ts'
import { createTightStore } from '#lib/client/tight-store.ts'
import type { WireRecord } from '#lib/protocol/push.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'
const WEEK_MS = 7 * 86_400_000

const removed = (position: number, under?: string): AcknowledgedEntry => ({
  position,
  acknowledgedAtMs: 1,
  under,
  mutation: {
    id: `01900000-0000-7000-8000-0000000000a${position}`,
    collection: 'boards',
    recordId: RECORD,
    baseVersion: position,
    schemaVersion: 1,
    hlc: '0192f0a1b2c3-0003-01900000-0000-7000-8000-0000000000d1',
    madeAt: '2026-11-26T20:00:00.000Z',
    op: { type: 'delete' },
  },
})

const inStore = <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> =>
  createTightStore(openMemoryStore()).transact(work)

async function keep(tx: StoreTx, kept: AcknowledgedEntry): Promise<void> {
  await putRow(tx, 'acknowledged', positionKey(kept.position), kept)
  await putRow(tx, 'notices', removalKey('boards', RECORD), { position: kept.position, version: 1 })
}

test('[CS9] a removal is known as long as its acknowledged change is kept, and the newer one of a record longer than the older', () =>
  inStore(async (tx) => {
    const [first, second] = [removed(1), removed(2)]
    await keep(tx, first)
    await keep(tx, second)
    await forgetAcknowledged(tx, first)
    expect(await removalOf(tx, 'boards', RECORD)).toEqual(second.mutation)
    await pruneAcknowledged(tx, WEEK_MS + 2)
    expect(await removalOf(tx, 'boards', RECORD)).toBeUndefined()
    expect([await tx.count('acknowledged'), await tx.count('notices')]).toEqual([0, 0])
  }))

const tombstone = (version: number, life?: number): WireRecord => ({
  collection: 'boards',
  recordId: RECORD,
  version,
  deleted: true,
  data: null,
  versionVector: {},
  hlc: '',
  schemaVersion: 1,
  life,
})

test.each([
  ['stays known behind a newer one, whose lives the server tells', tombstone(2, 0), true],
  ['stays known where the record was made anew in between, which the server knows', tombstone(3, 2), true],
  ['ends at a newer one of a server that tells no lives', tombstone(2), false],
  ['is not ended by itself', tombstone(1), true],
])('[CS9] a removal %s', (_, wire, isKnown) =>
  inStore(async (tx) => {
    await keep(tx, removed(1))
    await storeRecord(tx, wire, null)
    expect((await removalOf(tx, 'boards', RECORD)) !== undefined).toBe(isKnown)
  }),
)

test('[CS9] a removal ends once the device has seen the record again: what is put there later stands on nothing that was removed', () =>
  inStore(async (tx) => {
    await keep(tx, removed(1))
    await storeRecord(tx, { ...tombstone(2), deleted: false, data: { n: 1 } }, null)
    await storeRecord(tx, tombstone(3, 0), null)
    expect(await removalOf(tx, 'boards', RECORD)).toBeUndefined()
  }))

test('[CS9] what this device removed under another id is no parent of what it makes now', () =>
  inStore(async (tx) => {
    await keep(tx, removed(1, '01900000-0000-7000-8000-0000000000d2'))
    expect(await removalOf(tx, 'boards', RECORD)).toBeUndefined()
  }))
