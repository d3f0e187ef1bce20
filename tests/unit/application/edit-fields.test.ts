import { describe, expect, test } from 'vitest'
import { checkEdit } from '#lib/application/dead-letters/check-edit.ts'
import { editChanges } from '#lib/application/dead-letters/edit-changes.ts'
import {
  bodyOf,
  formFields,
  shownValue,
  typedValue,
  withField,
} from '#lib/application/dead-letters/edit-fields.ts'
import { placeInOp } from '#lib/application/dead-letters/op-place.ts'
import { maskText } from '#lib/protocol/mask.ts'

const schema = {
  type: 'object',
  required: ['speed'],
  properties: {
    speed: { type: ['integer', 'null'] },
    species: { type: 'string' },
    damage: { enum: ['None', 'Minor'] },
    dry: { type: 'boolean' },
    crew: { type: 'array' },
  },
}
const put = { type: 'put', data: { speed: '', crew: [1], extra: 7 } } as const

describe('the form of an edit', () => {
  test('shows the schema’s fields and what is there besides, each by its type', () => {
    const shown = formFields(put, schema).map(({ name, kind, value, required }) => [
      name,
      kind,
      value,
      required,
    ])
    expect(shown).toEqual([
      ['speed', 'number', '', true],
      ['species', 'text', undefined, false],
      ['damage', 'choice', undefined, false],
      ['dry', 'truth', undefined, false],
      ['crew', 'json', [1], false],
      ['extra', 'json', 7, false],
    ])
    expect(formFields({ type: 'patch', set: { species: 'Killdeer' } }, schema)).toMatchObject([
      { name: 'species', kind: 'text', value: 'Killdeer' },
    ])
    expect(formFields({ type: 'put', data: { a: 1 } }, true)).toMatchObject([{ name: 'a', kind: 'json' }])
    expect([bodyOf({ type: 'delete' }), bodyOf(null), bodyOf('x'), bodyOf({ type: 'put' })]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })

  test('a masked value is a mask whatever its type', () => {
    const data = { speed: maskText('0a1b2c') }
    expect(formFields({ type: 'put', data }, schema)[0]).toMatchObject({ kind: 'mask', value: data.speed })
  })

  test('what is typed is the value that it means, or what the schema can refuse', () => {
    const number = { kind: 'number', nullable: true } as const
    expect(['7', ' 1.5 ', '', 'fast'].map((text) => typedValue(number, text))).toEqual([7, 1.5, null, 'fast'])
    expect(typedValue({ ...number, nullable: false }, '')).toBe('')
    expect(typedValue({ kind: 'json', nullable: false }, '[1,')).toBe('[1,')
    expect(typedValue({ kind: 'json', nullable: false }, '[1]')).toEqual([1])
    expect(typedValue({ kind: 'text', nullable: false }, '7')).toBe('7')
    expect(shownValue({ kind: 'json', value: 'a' })).toBe('"a"')
    expect(shownValue({ kind: 'number', value: 7 })).toBe('7')
  })

  test('changes one field and lets the rest be; a prototype’s name is one', () => {
    expect(withField(put, 'speed', 3)).toEqual({ type: 'put', data: { speed: 3, crew: [1], extra: 7 } })
    expect(withField(put, 'extra', undefined)).toEqual({ type: 'put', data: { speed: '', crew: [1] } })
    const odd = withField(put, '__proto__', 1) as { data: object }
    expect(Object.keys(odd.data)).toContain('__proto__')
    expect(put.data.speed).toBe('')
  })

  test('[DL20] what stands behind a mask is not refused before it is sent', () => {
    const data = { speed: maskText('0a1b2c'), species: 3 }
    expect(checkEdit(JSON.stringify({ type: 'put', data }), { base: null, schema })).toMatchObject({
      ok: false,
      issues: [{ path: '/species' }],
    })
    const masked = { ...data, species: 'Killdeer' }
    expect(checkEdit(JSON.stringify({ type: 'put', data: masked }), { base: null, schema }).ok).toBe(true)
  })
})

test('[DL23] the diff of an edit names the places that differ, bounded', () => {
  const after = { type: 'put', data: { speed: 3, extra: 7 } } as const
  expect(editChanges(put, after)).toEqual({
    changes: [
      { pointer: '/data/speed', before: '""', after: '3' },
      { pointer: '/data/crew', before: '[1]', after: null },
    ],
    changesLeftOut: 0,
  })
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`f${n}`, 'x'.repeat(900)]))
  const { changes, changesLeftOut } = editChanges(put, { type: 'put', data: { ...put.data, ...many } })
  expect([
    changes.length,
    changesLeftOut,
    Math.max(...changes.map(({ after: text }) => text?.length ?? 0)),
  ]).toEqual([50, 10, 200])
})

test('the refused place of a document is found in the operation that put it there', () => {
  expect(placeInOp(put, '/speed')).toBe('/data/speed')
  const patch = { type: 'patch', set: { 'a/b': { c: 1 }, '/d/e': 2 }, unset: ['gone'] } as const
  expect(['/a~1b/c', '/d/e', '/gone', '/x'].map((place) => placeInOp(patch, place))).toEqual([
    '/set/a~1b/c',
    '/set/~1d~1e',
    '/unset/0',
    null,
  ])
  const crdt = { type: 'crdt', changes: [{ path: '/n', kind: 'g-counter', state: {} }] } as const
  expect([placeInOp(crdt, '/n'), placeInOp(crdt, '/m'), placeInOp({ type: 'delete' }, '')]).toEqual([
    '/changes/0',
    null,
    null,
  ])
})
