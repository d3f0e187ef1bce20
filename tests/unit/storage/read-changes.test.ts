import { expect, it } from 'vitest'
import type { ReadChange, ReadRange } from '#lib/storage/prisma/read-changes.ts'
import { READ_CHANGES_MAX, ReadChanges } from '#lib/storage/prisma/read-changes.ts'

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
  for (const previous of [1, 2]) read.keep(at(previous), changes(READ_CHANGES_MAX / 2))
  read.get(at(1))
  read.keep(at(3), changes(1))
  expect(areKept(1, 2, 3)).toEqual([true, false, true])
  for (let n = 0; n < READ_CHANGES_MAX; n++) read.keep(at(10 + n), [])
  expect(areKept(1, 3, 10, 9 + READ_CHANGES_MAX)).toEqual([false, false, true, true])
  read.keep(at(10), changes(2))
  expect(areKept(10, 11, 12)).toEqual([true, false, true])
})
