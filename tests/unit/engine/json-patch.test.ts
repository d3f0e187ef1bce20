import { describe, expect, it } from 'vitest'
import { isSafePatch, patchOperation, type PatchStep } from '#lib/engine/json-patch.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'

const put = (data: JsonObject): Operation => ({ type: 'put', data })
const of = (op: Operation, base: JsonObject | null | undefined, ...steps: PatchStep[]) =>
  patchOperation(op, base, steps)

describe('a JSON Patch of what letters want', () => {
  it('[DL19] changes the document of a put and leaves the letter’s own as it was', () => {
    const data = { title: 7, lines: [{ n: 1 }, { n: 2 }] }
    expect(
      of(put(data), null, { op: 'replace', path: '/title', value: 'x' }, { op: 'remove', path: '/lines/0' }),
    ).toEqual({
      ok: true,
      value: put({ title: 'x', lines: [{ n: 2 }] }),
    })
    expect(data).toEqual({ title: 7, lines: [{ n: 1 }, { n: 2 }] })
  })

  it('[DL19] writes of a patch only the fields that it or the JSON Patch touches, of lists the whole list', () => {
    const base = { title: 'a', deep: { x: 1, y: 2 }, lines: [1, 2, 3], other: true }
    const op: Operation = { type: 'patch', set: { title: 7, '/lines/1': 9 }, unset: ['/deep/x'] }
    expect(
      of(
        op,
        base,
        { op: 'replace', path: '/title', value: 'b' },
        { op: 'remove', path: '/lines/0' },
        { op: 'move', from: '/deep/y', path: '/deep/z' },
      ),
    ).toEqual({
      ok: true,
      value: {
        type: 'patch',
        set: { '/title': 'b', '/lines': [9, 3], '/deep/z': 2 },
        unset: ['/deep/x', '/deep/y'],
      },
    })
  })

  it('[DL19] says why it does not fit', () => {
    const why = (result: ReturnType<typeof of>) => (result.ok ? 'it fits' : result.error)
    expect(why(of(put({}), null, { op: 'replace', path: '/title', value: 1 }))).toContain('/title')
    expect(why(of(put({ a: 1 }), null, { op: 'test', path: '/a', value: 2 }))).toBe(
      '/a is not what it is tested for',
    )
    expect(why(of({ type: 'delete' }, null, { op: 'add', path: '/a', value: 1 }))).toContain('no document')
    expect(
      why(of({ type: 'patch', set: { a: 1 } }, undefined, { op: 'add', path: '/b', value: 1 })),
    ).toContain('not known')
    expect(why(of(put({ a: [1] }), null, { op: 'remove', path: '/a/1e0' }))).toContain('no place of a list')
    expect(why(of(put({}), null, { op: 'add', path: 'a', value: 1 }))).toContain('no JSON Pointer')
  })

  it('[check 29] [DL19] touches no prototype', () => {
    const data = JSON.parse('{"a":{"__proto__":{"polluted":true}}}') as JsonObject
    expect(of(put(data), null, { op: 'copy', from: '/a', path: '/b' }).ok).toBe(false)
    expect(isSafePatch([{ op: 'add', path: '/__proto__/x', value: 1 }])).toBe(false)
    expect(isSafePatch([{ op: 'move', from: '/constructor', path: '/x' }])).toBe(false)
    expect(isSafePatch([{ op: 'add', path: '/x', value: { toString: 1 } }])).toBe(true)
    expect(of(put({ constructor: { a: 1 } }), null, { op: 'remove', path: '/constructor/a' }).ok).toBe(false)
    for (const path of ['/constructor/prototype/x', '/a/toString/x'])
      expect(of(put({ a: {} }), null, { op: 'add', path, value: 1 }).ok).toBe(false)
    expect(of(put({}), null, { op: 'replace', path: '/constructor', value: 1 }).ok).toBe(false)
    expect(of(put({}), null, { op: 'move', from: '/toString', path: '/b' }).ok).toBe(false)
    expect('x' in {}).toBe(false)
  })
})
