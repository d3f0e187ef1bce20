import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coalesceOperations } from '#lib/client/coalesce.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { cases } from '#tests/support/cases.ts'
import { COLLECTION } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const key = fc.constantFrom('a', 'b', 'c', '__proto__', '/d/e', 'constructor')
const value = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.dictionary(fc.constantFrom('e', 'f'), fc.integer()),
)
const document = fc.dictionary(key, value, { noNullPrototype: true }) as fc.Arbitrary<JsonObject>
const operation: fc.Arbitrary<Operation> = fc.oneof(
  document.map((data) => ({ type: 'put' as const, data })),
  fc.record({ type: fc.constant('patch' as const), set: document, unset: fc.array(key, { maxLength: 3 }) }),
  fc.constant({ type: 'delete' as const }),
)

test('[SM4] a joined operation has the effect of both, on any document', () => {
  let joined = 0
  const property = fc.property(document, operation, operation, (base, first, second) => {
    const together = coalesceOperations(first, second)
    const one = applyOperation(base, first)
    const both = one.ok ? applyOperation(one.value, second) : one
    if (!together || !both.ok) return
    joined += 1
    const result = applyOperation(base, together)
    expect(result.ok && jsonEqual(result.value, both.value)).toBe(true)
  })
  fc.assert(property, { numRuns: cases(3_000) })
  expect(joined).toBeGreaterThan(500)
})

test('[SM4] deletes, pointers, and a put after a patch stay mutations of their own', () => {
  const put: Operation = { type: 'put', data: {} }
  const patch: Operation = { type: 'patch', set: { a: 1 } }
  expect(coalesceOperations(put, { type: 'delete' })).toBeNull()
  expect(coalesceOperations({ type: 'delete' }, put)).toBeNull()
  expect(coalesceOperations(patch, put)).toBeNull()
  expect(coalesceOperations(patch, { type: 'patch', set: { '/a/0': 1 } })).toBeNull()
})

test('[SM4] un-sent changes of equal base are joined under the first id and time, with the last stamp', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const first = await reports.put(null, { title: 'a' })
  await clock.advance(5_000)
  const second = await reports.patch(first.recordId, { set: { note: 'b' } })
  expect(second).toEqual(first)
  await replica.sync()
  const sent = authority.pushes()[0]?.json['mutations'] as { hlc: string; madeAt: string; op: Operation }[]
  expect(sent).toHaveLength(1)
  expect(sent[0]).toMatchObject({
    madeAt: '2026-01-05T08:00:00.000Z',
    op: { type: 'put', data: { title: 'a', note: 'b' } },
  })
  expect(Number.parseInt(sent[0]?.hlc.slice(0, 12) ?? '', 16)).toBe(Date.UTC(2026, 0, 5, 8, 0, 5))
  await replica.close()
})

test('[SM4] a change on another base is not joined, and names the one before it', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const { recordId } = authority.write('01900000-0000-7000-8000-000000000001', { title: 'v1' })
  await replica.sync()
  const waits = { status: 'retry', code: 'contention', retryAfterMs: 60_000 } as const
  authority.script.result = ({ id }) => ({ id, ...waits })
  const first = await reports.patch(recordId, { set: { a: 1 } })
  // Another change flows, so that the session goes on to the pull.
  authority.script.result = ({ id }) => (id === first.mutationId ? { id, ...waits } : undefined)
  await reports.put(null, { title: 'flows' })
  authority.write(recordId, { title: 'v2' })
  await replica.sync()
  const second = await reports.patch(recordId, { set: { b: 2 } })
  const third = await reports.patch(recordId, { set: { c: 3 } })
  expect(third).toEqual(second)
  expect(second.mutationId).not.toBe(first.mutationId)
  // SM5: their change shows through under ours.
  expect(await reports.get(recordId)).toMatchObject({ data: { title: 'v2', a: 1, b: 2, c: 3 }, pending: 2 })

  authority.script.result = () => undefined
  await clock.advance(60_000)
  await replica.sync()
  expect(authority.pushes().at(-1)?.json['mutations']).toMatchObject([
    { id: first.mutationId, baseVersion: 1 },
    { id: second.mutationId, baseVersion: 2, after: first.mutationId },
  ])
  await replica.close()
})
