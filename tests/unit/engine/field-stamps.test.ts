import { expect, test } from 'vitest'
import { DEVICE_A, DEVICE_B, EngineWorld, patch, put, rulesOf } from '#tests/support/engine-world.ts'

/** A record whose first `count` fields A has written once more, one by one, and B, who saw none of that, then all of them. */
function fought(count: number) {
  const server = new EngineWorld(rulesOf({ strategy: 'field-merge', tieRule: 'lww' }))
  const names = Array.from({ length: 66 }, (_, i) => `f${i}`)
  server.send(DEVICE_A, put(Object.fromEntries(names.map((name) => [name, 'old']))), { atMs: 0 })
  for (const [i, name] of names.slice(0, count).entries())
    server.send(DEVICE_A, patch({ [name]: 'a' }), { baseVersion: i + 1, atMs: 1_000 + 2 * i })
  // Later than the first field's last write, and before the last one's.
  server.send(DEVICE_B, patch({ f0: 'b' }), { baseVersion: 1, atMs: 1_001 })
  return server
}

test('[CS3] 64 fields have the stamp of their own last write; past that the record’s decides for all', () => {
  const f0 = (count: number) => [...fought(count).world.records.values()][0]?.data?.['f0']
  expect(f0(63)).toBe('b')
  expect(f0(65)).toBe('a')
})
