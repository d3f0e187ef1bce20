import { describe, expect, it } from 'vitest'
import { applyOperation, parseKey, touchedPointers } from '#lib/engine/patch.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import { patch, put, remove } from '#tests/support/engine-world.ts'

const after = (document: JsonObject | null, set: JsonObject, unset: readonly string[] = []): Json => {
  const result = applyOperation(document, patch(set, unset))
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
const failure = (document: JsonObject, set: JsonObject) => {
  const result = applyOperation(document, patch(set))
  return result.ok ? null : result.error
}

describe('operations', () => {
  it('[PA1] put replaces, delete removes, patch changes what it names', () => {
    expect(applyOperation({ a: 1 }, put({ b: 2 }))).toEqual({ ok: true, value: { b: 2 } })
    expect(applyOperation({ a: 1 }, remove)).toEqual({ ok: true, value: null })
    expect(after({ a: 1, b: 2 }, { a: 3 }, ['b', 'missing'])).toEqual({ a: 3 })
    expect(after(null, { a: 1 })).toEqual({ a: 1 })
    expect(applyOperation({ a: 1 }, { type: 'patch' })).toEqual({ ok: true, value: { a: 1 } })
  })

  it('[PA1] a key starting with a slash is a JSON Pointer, any other a top-level name', () => {
    expect(after({}, { 'a/b': 1, '': 2, '~x': 3 })).toEqual({ 'a/b': 1, '': 2, '~x': 3 })
    expect(after({ a: { b: 1 } }, { '/a/b': 2, '/x~1y/~0': 3 })).toEqual({ a: { b: 2 }, 'x/y': { '~': 3 } })
    expect(after({}, { '/': 1 })).toEqual({ '': 1 })
    expect(parseKey('/a~01')).toEqual(['a~1'])
    expect(toPointer(['a~1', 'b/c'])).toBe('/a~01/b~1c')
    expect(failure({}, { '/a~2': 1 })).toEqual({ code: 'bad_pointer', path: '/a~2' })
  })

  it('[PA2] missing parents become objects, a scalar parent is a typed failure', () => {
    expect(after({}, { '/a/b/c': 1 })).toEqual({ a: { b: { c: 1 } } })
    expect(failure({ a: 'text' }, { '/a/b': 1 })).toEqual({ code: 'not_a_container', path: '/a/b' })
    expect(failure({ a: null }, { '/a/b': 1 })).toEqual({ code: 'not_a_container', path: '/a/b' })
    expect(failure({}, { [`/${'a/'.repeat(40)}`]: 1 })?.code).toBe('too_deep')
  })

  it('[PA3] array indices mean the array as it was; its end appends, past it fails', () => {
    expect(after({ a: [1, 2, 3] }, { '/a/0': 9 }, ['/a/1', '/a/2'])).toEqual({ a: [9] })
    expect(after({ a: [1] }, { '/a/1': 2, '/a/-': 3 })).toEqual({ a: [1, 2, 3] })
    expect(after({ a: [{ b: 1 }] }, { '/a/0/b': 2 }, [])).toEqual({ a: [{ b: 2 }] })
    expect(after({ a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, {}, ['/a/2', '/a/10'])).toEqual({
      a: [0, 1, 3, 4, 5, 6, 7, 8, 9],
    })
    for (const index of ['2', '01', 'x', '-1', '1e0'])
      expect(failure({ a: [1] }, { [`/a/${index}`]: 1 })?.code).toBe('index_out_of_range')
    expect(after({ a: [1] }, {}, ['/a/9', '/a/x', '/a/0/b'])).toEqual({ a: [1] })
  })

  it('[PA4] the order of keys does not matter: outer paths first, unsets last', () => {
    const both = { '/a/b': 2, a: { c: 1 } }
    expect(after({}, both)).toEqual({ a: { b: 2, c: 1 } })
    expect(after({}, Object.fromEntries(Object.entries(both).reverse()))).toEqual({ a: { b: 2, c: 1 } })
    expect(after({}, { a: 1 }, ['a'])).toEqual({})
    const mixed = { '/10/11': 0, '/2a': 1, '/9': 2, '/10': { x: 3 } }
    const made = { '10': { '11': 0, x: 3 }, '2a': 1, '9': 2 }
    expect(after({}, mixed)).toEqual(made)
    expect(after({}, Object.fromEntries(Object.entries(mixed).reverse()))).toEqual(made)
    expect(after({ a: [1, 2, 3] }, {}, ['/a/0', '/a/0'])).toEqual({ a: [2, 3] })
  })

  it('[check 29] [CS8] __proto__ and constructor are data', () => {
    const evil = JSON.parse('{"__proto__":{"polluted":1},"/constructor/prototype":2}') as JsonObject
    const document = after({}, evil) as JsonObject
    expect(Object.keys(document).sort()).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(after(document, {}, ['__proto__', '/constructor'])).toEqual({})
    expect(JSON.stringify(after({}, { '/__proto__/x': 1 }))).toBe('{"__proto__":{"x":1}}')
  })

  it('[PA1] names what it touches', () => {
    expect(touchedPointers(patch({ a: 1, '/b/c': 2 }, ['d/e']))).toEqual(['/a', '/b/c', '/d~1e'])
    expect(touchedPointers(put({}))).toBeNull()
  })

  it('[PA2] a value of any depth is a typed failure', () => {
    let deep: Json = []
    for (let n = 0; n < 100_000; n++) deep = [deep]
    expect(applyOperation(null, { type: 'put', data: { deep } })).toMatchObject({
      error: { code: 'too_deep' },
    })
    expect(applyOperation(null, { type: 'patch', set: { deep } })).toMatchObject({
      error: { code: 'too_deep' },
    })
  })
})
