import { describe, expect, it } from 'vitest'
import { isShown, paramsOf, viewHref } from '../../../app/(console)/view-words.ts'

const query = 'fleet=f1&q=result%3Afailed&range=1h&cursor=abc&sort=&colour=red'

describe('saved views', () => {
  it('keep the search, the range and the order of an address, and neither fleet nor place', () => {
    expect(paramsOf(query)).toEqual({ q: 'result:failed', range: '1h' })
    expect(paramsOf('')).toEqual({})
  })

  it('open in the fleet that is looked at, and begin at the first page', () => {
    const params = { q: 'state:offline', sort: 'queue' }
    expect(viewHref('/devices', query, { params })).toBe('/devices?fleet=f1&q=state%3Aoffline&sort=queue')
    expect(viewHref('/devices', '', { params: {} })).toBe('/devices')
  })

  it('are shown when the address says just what they keep', () => {
    expect(isShown(query, { params: { range: '1h', q: 'result:failed' } })).toBe(true)
    expect(isShown(query, { params: { q: 'result:failed' } })).toBe(false)
    expect(isShown('fleet=f1', { params: {} })).toBe(true)
  })
})
