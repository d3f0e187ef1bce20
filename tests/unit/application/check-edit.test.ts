import { expect, test } from 'vitest'
import { checkEdit, editBasis } from '#lib/application/dead-letters/check-edit.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'

const schema = { type: 'object', properties: { speed: { type: 'integer' } } }
const check = (op: unknown, base: { speed: number } | null = null) =>
  checkEdit(typeof op === 'string' ? op : JSON.stringify(op), { base, schema })

test('an edited operation is refused before it is sent where that can be known', () => {
  expect(check({ type: 'put', data: { speed: 7 } })).toMatchObject({ ok: true })
  expect(check({ type: 'put', data: { speed: '' } })).toMatchObject({
    ok: false,
    issues: [{ path: '/speed' }],
  })
  expect(check({ type: 'patch', set: { speed: 'fast' } }, { speed: 1 })).toMatchObject({
    ok: false,
    issues: [{ path: '/speed' }],
  })
  expect(check({ type: 'patch', set: { '/speed/deep': 1 } }, { speed: 1 })).toMatchObject({ ok: false })
  expect(check('{')).toMatchObject({ ok: false, message: expect.stringContaining('not JSON') as string })
  expect(check({ type: 'nothing' })).toMatchObject({ ok: false, message: 'This is not an operation' })
})

test('no text that is JSON makes it throw, and places are pointers', () => {
  const refused = check({ type: 'patch', set: {}, unset: { length: { toString: 0 } } })
  expect(refused).toMatchObject({ ok: false, message: 'This is not an operation' })
  const place = check({ type: 'crdt', changes: [{ kind: 'g-counter', path: '/n', state: { 'a/b': 'x' } }] })
  expect(place).toMatchObject({ ok: false, issues: [{ path: '/changes/0/state/a~1b' }] })
})

test('what only the server can judge goes on to it', () => {
  const patch = { type: 'patch', set: { speed: 'fast' } }
  expect(checkEdit(JSON.stringify(patch), { schema })).toMatchObject({ ok: true })
  const put = { type: 'put', data: { speed: 'fast' } }
  expect(checkEdit(JSON.stringify(put), { schema })).toMatchObject({ ok: false })
  expect(check({ type: 'delete' }, { speed: 1 })).toMatchObject({ ok: true })
})

test('what was typed is what is sent', () => {
  const text = '{"type":"put","data":{"__proto__":{"a":1}}}'
  const checked = check(text)
  expect(checked.ok && JSON.stringify(checked.op)).toBe(text)
})

test('a base that was purged, or is of an older schema, is none to judge by', () => {
  const basisOf = (base: object | null, baseVersion: number, schemaVersion: number) =>
    editBasis({
      letter: { base, mutation: { baseVersion, schemaVersion } },
      collection: { schema, schemaVersion: 2 },
    } as unknown as DeadLetterDetail)
  expect(basisOf({ speed: 1 }, 4, 2)).toEqual({ schema, base: { speed: 1 } })
  expect(basisOf(null, 0, 2)).toEqual({ schema, base: null })
  expect(basisOf(null, 4, 2)).toEqual({ schema })
  expect(basisOf({ speed: 1 }, 4, 1)).toEqual({ schema })
  expect(editBasis({ collection: null } as DeadLetterDetail)).toBeNull()
})
