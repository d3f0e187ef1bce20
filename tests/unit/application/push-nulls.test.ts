import { expect, test } from 'vitest'
import { parsePush } from '#lib/application/sync/parse-push.ts'

test('[ID4] null for what a push leaves out is the same as leaving it out; in what it writes it is a value', () => {
  const id = '01900000-0000-7000-8000-000000000001'
  const mutation = {
    id,
    collection: 'board',
    recordId: id,
    baseVersion: 0,
    schemaVersion: 1,
    hlc: 'x',
    madeAt: '2026-01-01T00:00:00.000Z',
  }
  const report = { state: 'pushing', seq: 1, nonce: 'n', outbox: { depth: 1 } }
  const pushOf = (...mutations: object[]) => ({ requestId: id, sessionId: id, epoch: 1, report, mutations })
  const nulls = { baseEpoch: null, after: null, madeOffsetMs: null, resolves: null }
  const op = { type: 'patch', set: { a: null } }
  const text = [new TextEncoder().encode('as it came')]
  const parsed = parsePush(
    { ...pushOf({ ...mutation, ...nulls, op: { ...op, unset: null } }), atomic: null },
    text,
  )
  const plain = parsePush(pushOf({ ...mutation, op }), null)
  expect(parsed.request.mutations).toEqual(plain.request.mutations)
  expect(parsed.request.mutations[0]?.op).toEqual(op)
  expect(Object.keys(parsed.request.mutations[0] ?? {})).not.toContain('after')
  expect(parsed.requestHash).toBe(plain.requestHash)
  expect(parsed.incoming[0]).toMatchObject({ unknownField: null, text: null })
})
