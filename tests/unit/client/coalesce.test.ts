import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PatchChanges } from '#lib/client/collection.ts'
import { coalesceOperations } from '#lib/client/coalesce.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import { scanJson } from '#lib/http/scan-json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import { passedBound } from '#lib/protocol/mutation-bounds.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
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
  expect(joined).toBeGreaterThan(cases(500))
})

test('[SM4] deletes, pointers, and a put after a patch stay mutations of their own', () => {
  const put: Operation = { type: 'put', data: {} }
  const patch: Operation = { type: 'patch', set: { a: 1 } }
  expect(coalesceOperations(put, { type: 'delete' })).toBeNull()
  expect(coalesceOperations({ type: 'delete' }, put)).toBeNull()
  expect(coalesceOperations(patch, put)).toBeNull()
  expect(coalesceOperations(patch, { type: 'patch', set: { '/a/0': 1 } })).toBeNull()
})

/** By bound: two changes, each within it, that pass it together. */
const many = (name: string, count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, i]))
const nested = (levels: number): JsonObject => (levels === 1 ? {} : { d: nested(levels - 1) })
const PAIRS: Record<string, readonly [PatchChanges, PatchChanges]> = {
  bytes: [{ set: { a: 'x'.repeat(150_000) } }, { set: { b: 'é'.repeat(75_000) } }],
  'set keys': [{ set: many('a', 600) }, { set: many('b', 600) }],
  'unset keys': [{ unset: Object.keys(many('a', 600)) }, { unset: Object.keys(many('b', 600)) }],
}

test.each(Object.entries(PAIRS))(
  '[SM4] what would pass a bound together stays apart, and both apply: %s',
  async (_, [first, second]) => {
    const { authority, open } = createWorld()
    const replica = await open()
    const reports = replica.collection(COLLECTION)
    for (const isNew of [true, false]) {
      const { recordId } = await reports.put(null, { title: 'a' })
      if (!isNew) await replica.sync()
      const made = [await reports.patch(recordId, first), await reports.patch(recordId, second)]
      await replica.sync()
      await replica.sync()
      const ids = new Set(made.map(({ mutationId }) => mutationId))
      // Keys that aren't there leave nothing to join on a put.
      if (!isNew) expect(ids.size).toBe(2)
      const sent = authority.pushes().flatMap(({ json }) => json['mutations'] as Mutation[])
      for (const mutation of sent) {
        const bytes = Buffer.byteLength(JSON.stringify(mutation))
        expect(passedBound(mutation, bytes, MUTATION_BYTES_MAX)).toBeNull()
        expect(
          scanJson(Buffer.from(JSON.stringify({ mutations: [mutation] })), 'mutations').isWithinShape,
        ).toBe(true)
      }
      const shown = (await reports.get(recordId))?.data
      expect(authority.records.get(recordId)?.data).toEqual(shown)
      expect(shown).toMatchObject({ ...first.set, ...second.set })
    }
    expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
    await replica.close()
  },
)

test('[SDK1] what no push may hold is refused at the call, in words, and the last that one may hold goes through', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const { recordId } = await reports.put(null, { title: 'a' })
  const patch = (changes: PatchChanges) => reports.patch(recordId, changes)
  const good = [
    { set: { d: nested(27) } },
    { set: { d: many('a', 1_000) } },
    { unset: Object.keys(many('a', 1_000)) },
  ]
  for (const changes of good) await patch(changes)
  await reports.put(null, { title: 'a', d: nested(27) })
  for (const [changes, words] of [
    [{ set: { d: nested(28) } }, '32 levels'],
    [{ set: { d: [nested(27)] } }, '32 levels'],
    [{ set: many('a', 1_001) }, '1000 keys'],
    [{ set: { d: [many('a', 1_001)] } }, '1000 keys'],
    [{ unset: Object.keys(many('a', 1_001)) }, '1000 removed keys'],
    [{ set: { a: 'x'.repeat(600_000) } }, '512 KiB'],
  ] as const)
    await expect(patch(changes)).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining(words),
    })
  await expect(reports.put(null, { title: 'a', d: nested(28) })).rejects.toMatchObject({ code: 'too_large' })
  await replica.sync()
  const bodies = authority.pushes().map(({ body }) => scanJson(Buffer.from(body), 'mutations').isWithinShape)
  expect(bodies.length > 0 && bodies.every(Boolean)).toBe(true)
  await replica.close()
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
