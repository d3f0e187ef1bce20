import { expect, it } from 'vitest'
import { upToSecondOfRecord } from '#lib/application/operations/rule-members.ts'

const conflict = (recordId: string, status: 'open' | 'resolved' = 'open') => ({
  collection: 'notes',
  recordId,
  status,
})
const members = ['a', 'b', 'c', 'd'].map((letterId) => ({ letterId }))
const idsOf = (conflicts: Readonly<Record<string, ReturnType<typeof conflict>>>): readonly string[] =>
  upToSecondOfRecord(members, new Map(Object.entries(conflicts))).map(({ letterId }) => letterId)

it('[CS11] a turn has one open conflict of each record, and ends at the second of one', () => {
  const r = { a: conflict('1'), b: conflict('2'), c: conflict('3'), d: conflict('4') }
  expect(idsOf(r)).toEqual(['a', 'b', 'c', 'd'])
  expect(idsOf({ ...r, c: conflict('1') })).toEqual(['a', 'b'])
  expect(idsOf({ ...r, c: { ...conflict('1'), collection: 'visits' } })).toEqual(['a', 'b', 'c', 'd'])
})

it('[CS11] what is decided already, or gone, holds nobody up', () => {
  expect(idsOf({ a: conflict('1', 'resolved'), b: conflict('1'), d: conflict('2') })).toEqual([
    'a',
    'b',
    'c',
    'd',
  ])
  expect(idsOf({ a: conflict('1'), b: conflict('1', 'resolved'), c: conflict('1') })).toEqual(['a', 'b'])
})
