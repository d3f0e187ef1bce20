import { expect, test } from 'vitest'
import { newestReports } from '#app/field/newest-reports.ts'
import { QUERY_RESULTS_MAX } from '#lib/client/collection.ts'
import { openMemoryStore, createMemoryDisk } from '#lib/client/memory-store.ts'
import type { RecordView } from '#lib/client/collection.ts'
import { COLLECTION } from '../client/support/authority.ts'
import { createWorld } from '../client/support/device.ts'

const idOf = (n: number): string => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

test('of more reports than a query gives, the newest are listed, and all are counted', async () => {
  const { authority, open } = createWorld()
  const count = QUERY_RESULTS_MAX + 25
  for (let n = 0; n < count; n++) authority.write(idOf(n), { title: `${n}` })
  const replica = await open({ store: openMemoryStore(createMemoryDisk()) })
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  await reports.put(idOf(count), { title: 'written just now' })
  const { newest, total } = await newestReports(reports)
  expect(total).toBe(count + 1)
  expect(newest).toHaveLength(QUERY_RESULTS_MAX)
  expect(newest[0]?.data).toEqual({ title: 'written just now' })
  expect(newest.at(-1)?.id).toBe(idOf(26))
  await replica.close()
})

test('a store that is read from its beginning again counts nothing twice', async () => {
  const views = [1, 2, 3, 4, 5].map((n) => ({ id: idOf(n) }) as RecordView)
  const query = (filter: (record: RecordView) => boolean = () => true) =>
    Promise.resolve([...views.slice(0, 3), ...views].filter(filter))
  const { newest, total } = await newestReports({ query }, 2)
  expect(total).toBe(5)
  expect(newest.map(({ id }) => id)).toEqual([idOf(5), idOf(4)])
})
