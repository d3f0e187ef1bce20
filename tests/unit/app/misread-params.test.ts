import { describe, expect, test } from 'vitest'
import { misreadParams } from '#app/(console)/misread-params.ts'
import { loadPillarParams, PILLAR } from '#app/(console)/pillars/search-params.ts'
import { LIST, loadList, SHARED } from '#app/(console)/search-params.ts'
import { itemList } from '#lib/application/page.ts'
import { uuid } from '#tests/support/engine-world.ts'

const CURSOR = itemList({ items: [], next: { atMs: 7, id: uuid('a', 1) } }, () => null).nextCursor as string

describe('what a page does not understand of its address', () => {
  test.each([
    ['', SHARED],
    ['fleet=f1&range=1h', SHARED],
    [`fleet=f1&range=7d&q=state:shed&cursor=${CURSOR}`, LIST],
  ])('nothing in %j', (query, readers) => {
    expect(misreadParams(query, readers)).toEqual([])
  })

  test('a range that there is not, with those that there are', () => {
    expect(misreadParams('range=2h', SHARED)).toEqual(['range=2h (it can be 15m, 1h, 6h, 24h, 7d, 30d)'])
    expect(misreadParams('range=', SHARED)).toHaveLength(1)
    expect(misreadParams('from=noon', SHARED)).toEqual([
      'from=noon (it can be a time like 2026-11-26T14:05:00Z)',
    ])
  })

  test('a cursor that is none, and a name that the page has not, whatever they are', () => {
    expect(misreadParams(`cursor=zzz&result=failed&${'x'.repeat(99)}=${'y'.repeat(99)}`, LIST)).toEqual([
      'cursor=zzz (it is no page of this list)',
      'result=failed (this page has fleet, range, from, to, q, cursor)',
      `${'x'.repeat(40)}=${'y'.repeat(40)} (this page has fleet, range, from, to, q, cursor)`,
    ])
    expect(misreadParams('__proto__=1&constructor=2', SHARED)).toHaveLength(2)
  })

  test('a part of a fleet that no name can be', async () => {
    const long = 'x'.repeat(201)
    expect(misreadParams('source=%00', PILLAR)).toHaveLength(1)
    expect(misreadParams(`version=${long}`, PILLAR)).toEqual([
      `version=${'x'.repeat(40)} (it can be a name of at most 200 characters)`,
    ])
    const loaded = await loadPillarParams(Promise.resolve({ version: long, collection: '9'.repeat(200) }))
    expect(loaded).toMatchObject({ version: null, collection: '9'.repeat(200) })
  })

  test('and the page is as without it', async () => {
    const loaded = await loadList(Promise.resolve({ range: '2h', cursor: 'zzz', q: 'a' }))
    expect(loaded).toEqual({ fleet: null, range: '24h', from: null, to: null, q: 'a', cursor: null })
  })
})
