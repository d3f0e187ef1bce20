import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mutation } from '#lib/protocol/mutation.ts'
import { isUsualMutation } from '#lib/protocol/usual-mutation.ts'
import { cases } from '#tests/support/cases.ts'
import { anyJson } from '#tests/support/engine-arbitraries.ts'
import { DEVICE_A, mutationBy, patch, put, remove, uuid } from '#tests/support/engine-world.ts'

const FIELDS = ['id', 'collection', 'recordId', 'baseVersion', 'baseEpoch', 'after', 'schemaVersion'] as const
const MORE = ['hlc', 'madeAt', 'madeOffsetMs', 'resolves', 'op', 'other', '__proto__'] as const

/** Near misses: each a value that some field takes and another does not. */
const value = fc.oneof(
  anyJson,
  fc.constantFrom<unknown>(
    undefined,
    0,
    -1,
    0.5,
    1e300,
    '',
    'x'.repeat(61),
    uuid('b', 1),
    uuid('b', 1).toUpperCase(),
    '2026-11-25T10:00:00.000Z',
    '2026-11-25T10:00:00+14:00',
    '2026-02-30T10:00:00Z',
    '2026-11-25',
    { type: 'put', data: [] },
    { type: 'put', data: {}, more: 1 },
    { type: 'patch', set: [] },
    { type: 'patch', unset: ['a', 1] },
    { type: 'patch', set: { a: null } },
    { type: 'delete', data: 1 },
    { type: 'crdt', changes: [] },
    { type: 'ot' },
    ['put'],
  ),
)
const changed = fc.tuple(
  fc.constantFrom(put({ a: 1 }), patch({ a: 1 }), remove),
  fc.array(fc.tuple(fc.constantFrom(...FIELDS, ...MORE), value), { maxLength: 2 }),
)

describe('a usual mutation', () => {
  it('is one that the schema accepts, whatever is changed about it', () => {
    let accepted = 0
    fc.assert(
      fc.property(changed, ([op, changes]) => {
        const candidate = Object.assign({}, mutationBy(DEVICE_A, op), Object.fromEntries(changes))
        if (!isUsualMutation(candidate)) return
        accepted += 1
        expect(mutation.safeParse(candidate).success).toBe(true)
      }),
      { numRuns: cases(2_000) },
    )
    expect(accepted).toBeGreaterThan(cases(100))
  })

  it('is what devices send most: a write of a document', () => {
    for (const op of [put({ a: 1 }), patch({ '/a/b': null }), remove])
      expect(isUsualMutation(mutationBy(DEVICE_A, op, { after: uuid('b', 2), baseEpoch: 1 }))).toBe(true)
    expect([null, 1, 'x', [], {}].map(isUsualMutation)).toEqual([false, false, false, false, false])
  })
})
