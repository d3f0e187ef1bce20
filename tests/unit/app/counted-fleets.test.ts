import { expect, test } from 'vitest'
import { countedFleets } from '../../../app/(console)/counted-fleets.ts'

const NAMED = Array.from({ length: 30 }, (_, n) => ({ id: `fleet-${n}` }))

test('[alerts] the fleet that is looked at is counted wherever its name stands: its incidents stand above its pages', () => {
  expect(countedFleets(NAMED, '/alerts?fleet=fleet-29&q=x')).toContain('fleet-29')
  expect(countedFleets(NAMED, '/alerts?fleet=fleet-29').size).toBe(21)
  expect(countedFleets(NAMED, '/alerts?fleet=fleet-3').size).toBe(20)
})

test('[alerts] a fleet that nobody may see, or an odd address, counts nothing more', () => {
  for (const path of [null, '/', '/alerts?fleet=another', '//', '/alerts?fleet=', 'http://['])
    expect([path, countedFleets(NAMED, path).size]).toEqual([path, 20])
})
