import { expect, test } from 'vitest'
import { fileOnce } from '#app/field/file-once.ts'
import { newRecordId } from '#components/status/device-acts.ts'
import { COLLECTION } from '../client/support/authority.ts'
import { createWorld } from '../client/support/device.ts'

test('a report whose draft outlived its filing is not filed twice, and one of another tab is not written over', async () => {
  const { open } = createWorld()
  const replica = await open()
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  const id = newRecordId()
  expect(await fileOnce(reports, id, { title: 'a goose' })).toBe(id)
  // The page was ended before the draft was forgotten; it is filed again after the restart.
  expect(await fileOnce(reports, id, { title: 'a goose' })).toBe(id)
  expect(await reports.query()).toHaveLength(1)
  const other = await fileOnce(reports, id, { title: 'a heron' })
  expect(other).not.toBe(id)
  expect((await reports.query()).map(({ data }) => data['title']).sort()).toEqual(['a goose', 'a heron'])
  await replica.close()
})
