import { expect, test } from 'vitest'
import { ADOPT_ACTION, adoptedRanges, isAdopted } from '#lib/application/audit/adopted.ts'
import type { AuditPort, StoredAudit } from '#lib/storage/ports.ts'
import { audit } from '../../contract/storage/world.ts'

const place = (n: number) => ({ atMs: Math.floor(n / 3), id: `id-${n % 3}` })

test('[check 42] adoptions cover what each of them covers, also where they overlap, hold one another, or are turned round', async () => {
  const pairs: readonly (readonly [number, number])[] = [
    [30, 34],
    [2, 5],
    [4, 9],
    [12, 20],
    [14, 15],
    [21, 21],
    [28, 25],
    [12, 13],
  ]
  const adoptions = pairs.map(([first, last], i): StoredAudit => ({
    ...audit(ADOPT_ACTION, { after: { first: place(first), last: place(last), macs: [] } }),
    seq: i + 1,
    mac: 'm',
  }))
  // Without a number it is no adoption, whatever it says.
  const forged = {
    ...audit(ADOPT_ACTION, { after: { first: place(0), last: place(99), macs: [] } }),
    mac: null,
  }
  const items = [...adoptions, { ...forged, seq: null }, { ...forged, seq: 0 }]
  const list: AuditPort['list'] = async () => ({ items, next: null })
  const ranges = await adoptedRanges({ list } as AuditPort)
  for (let n = 0; n < 40; n += 1)
    expect([n, isAdopted(ranges, place(n))]).toEqual([
      n,
      pairs.some(([first, last]) => first <= n && n <= last),
    ])
  expect(isAdopted([], place(1))).toBe(false)
})
