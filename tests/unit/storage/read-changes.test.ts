import { expect, it } from 'vitest'
import type { ReadChange, ReadRange } from '#lib/storage/prisma/read-changes.ts'
import { OF_A_RANGE_MAX, READ_CHANGES_MAX, ReadChanges } from '#lib/storage/prisma/read-changes.ts'

const RANGE: ReadRange = { fleetId: 'f', epoch: 1, collection: 'reports', previous: 0, version: 2 }
const changes = (count: number): readonly ReadChange[] =>
  Array.from({ length: count }, (_, n): ReadChange => [n + 1, 10, 9, 'd'])

it('what was delivered is kept by fleet, epoch, collection and range, and by all of them', () => {
  const read = new ReadChanges()
  read.keep(RANGE, changes(2))
  expect(read.get(RANGE)).toEqual(changes(2))
  const others = [{ fleetId: 'g' }, { epoch: 2 }, { collection: 'other' }, { previous: 1 }, { version: 3 }]
  for (const other of others) expect(read.has({ ...RANGE, ...other }), JSON.stringify(other)).toBe(false)
})

it('so many changes are kept, of the ranges that were used last; one without changes takes room too', () => {
  const read = new ReadChanges()
  const at = (previous: number): ReadRange => ({ ...RANGE, previous, version: previous + 1 })
  const areKept = (...all: readonly number[]) => all.map((previous) => read.has(at(previous)))
  const full = READ_CHANGES_MAX / OF_A_RANGE_MAX
  for (let n = 1; n <= full; n++) read.keep(at(n), changes(OF_A_RANGE_MAX))
  read.get(at(1))
  read.keep(at(full + 1), changes(1))
  expect(areKept(1, 2, 3, full + 1)).toEqual([true, false, true, true])
  for (let n = 0; n < READ_CHANGES_MAX; n++) read.keep(at(1_000 + n), [])
  expect(areKept(1, full + 1, 1_000, 999 + READ_CHANGES_MAX)).toEqual([false, false, true, true])
  read.keep(at(1_000), changes(2))
  expect(areKept(1_000, 1_001, 1_002)).toEqual([true, false, true])
  read.keep(at(1_001), changes(OF_A_RANGE_MAX + 1))
  expect(areKept(1_001, 1_002)).toEqual([false, true])
})
