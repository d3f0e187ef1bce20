import { expect, test } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { boardWorld } from '#tests/support/board-world.ts'

/** Types, patches another field and types, and loses what was made so far `lost`-th. */
async function damaged(lost: number) {
  const { open, syncInTurn } = await boardWorld({ strategy: 'ot' })
  const disk = createMemoryDisk()
  let one = await open(openMemoryStore(disk))
  await one.sync()
  const { recordId } = await one.collection('board').put(null, { t: 'abc', n: 1 })
  await syncInTurn(one, one)
  await one.collection('board').text(recordId, 't').insert(0, 'X')
  await one.collection('board').patch(recordId, { set: { n: 2 } })
  await one
    .collection('board')
    .text(recordId, 't')
    .edit([{ index: 0, inserted: 'Y', removed: 1 }])
  await one.close()
  const key = [...disk.tables.outbox.keys()][lost] as string
  disk.tables.outbox.set(key, '{"broken')
  one = await open(openMemoryStore(disk))
  const waiting = (): Mutation[] =>
    [...disk.tables.outbox.values()].map((text) => (JSON.parse(text) as { mutation: Mutation }).mutation)
  return { one, recordId, waiting, syncInTurn }
}

test('[SDK4] what was made on a change that is lost goes on from the one before it: what was typed stands where it is shown', async () => {
  const { one, recordId, waiting, syncInTurn } = await damaged(1)
  const [first, last] = waiting()
  expect(last?.after).toBe(first?.id)
  expect((await one.collection('board').get(recordId))?.data).toEqual({ t: 'Yabc', n: 1 })
  expect(one.recoveries$.get()).toMatchObject([{ pendingKept: 2, changesLost: [{ recordId }] }])
  await syncInTurn(one, one)
  expect((await one.collection('board').get(recordId))?.data).toEqual({ t: 'Yabc', n: 1 })
  expect([one.deadLetters$.get(), one.refusals$.get()]).toEqual([[], []])
  await one.close()
})

test('[SDK4] where nothing waits before what is lost, what was made on that names it still: the server may have it', async () => {
  const { one, waiting } = await damaged(0)
  expect(waiting()[0]?.after).toEqual(expect.any(String))
  expect(waiting()[1]?.after).toBe(waiting()[0]?.id)
  await one.close()
})

test('[SDK4] [SM4] what went out once stays as it was, and so does what was made on what is in flight', async () => {
  for (const sends of [1, 0]) {
    const { open } = await boardWorld({ strategy: 'ot' })
    const disk = createMemoryDisk()
    const one = await open(openMemoryStore(disk))
    await one.sync()
    const { recordId } = await one.collection('board').put(null, { t: 'abc', n: 1 })
    await one.sync()
    await one.collection('board').text(recordId, 't').insert(0, 'X')
    await one.collection('board').patch(recordId, { set: { n: 2 } })
    await one.collection('board').text(recordId, 't').insert(0, 'Y')
    await one.close()
    const { outbox, meta } = disk.tables
    const [, lost = '', last = ''] = [...outbox.keys()]
    const { mutation } = JSON.parse(outbox.get(lost) as string) as { mutation: Mutation }
    outbox.delete(lost)
    outbox.set(last, JSON.stringify({ ...JSON.parse(outbox.get(last) as string), sends }))
    if (sends === 0) {
      const body = JSON.stringify({ report: { seq: 1 }, mutations: [mutation] })
      meta.set('inFlight', JSON.stringify({ requestId: mutation.id, mutationIds: [mutation.id], body }))
    }
    const again = await open(openMemoryStore(disk))
    const kept = JSON.parse(outbox.get(last) as string) as { mutation: Mutation }
    expect(kept.mutation.after).toBe(mutation.id)
    await again.close()
  }
})
