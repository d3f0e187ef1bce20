import { expect, test } from 'vitest'
import type { Operation } from '#lib/protocol/mutation.ts'
import { DEVICE_A, EngineWorld, put } from '#tests/support/engine-world.ts'

const placeOf = (op: Operation): string | null | undefined => {
  const server = new EngineWorld()
  server.send(DEVICE_A, put({ a: 1 }))
  expect(server.send(DEVICE_A, op, { baseVersion: 1 })).toMatchObject({ code: 'schema_mismatch' })
  return server.last.effects[0]?.deadLetter?.path
}

test('[DL1] a dead letter names the place that an operation does not fit, and the document where there is none', () => {
  const set = (key: string): Operation => ({ type: 'patch', set: { [key]: 1 } })
  expect(placeOf(set('/a/b'))).toBe('/a/b')
  expect(placeOf(set('/~2'))).toBe('/~2')
  expect(placeOf({ type: 'ot', path: '/t', kind: 'text', baseRevision: 0, ops: ['a'] })).toBe('')
})
