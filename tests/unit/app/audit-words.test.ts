import { describe, expect, test } from 'vitest'
import { changeRows } from '#components/ui/change-rows.ts'
import { auditSentence, chainWords } from '../../../app/(console)/audit/audit-words.ts'
import type { AuditRow } from '../../../app/(console)/audit/audit-row.ts'

describe('what an audit entry changed', () => {
  test('is told field by field, without what stayed', () => {
    const before = { name: 'a', roles: { x: 1, y: 2 }, gone: null, same: [1] }
    const after = { name: 'b', roles: { y: 2, x: 1 }, made: 'é', same: [1] }
    expect(changeRows(before, after)).toEqual({
      rows: [
        { field: 'name', before: 'a', after: 'b' },
        { field: 'gone', before: 'null', after: null },
        { field: 'made', before: null, after: 'é' },
      ],
      equal: 2,
    })
  })

  test('also of what is made, removed, no object, or called like a part of one', () => {
    expect(changeRows(null, { a: 1 })).toEqual({ rows: [{ field: 'a', before: null, after: '1' }], equal: 0 })
    expect(changeRows({ a: 1 }, null)).toEqual({ rows: [{ field: 'a', before: '1', after: null }], equal: 0 })
    expect(changeRows(1, 'x')).toEqual({ rows: [{ field: 'value', before: '1', after: 'x' }], equal: 0 })
    expect(changeRows(null, null)).toEqual({ rows: [], equal: 0 })
    expect(changeRows(JSON.parse('{"__proto__":1}') as never, {})).toEqual({
      rows: [{ field: '__proto__', before: '1', after: null }],
      equal: 0,
    })
  })
})

describe('what the page Audit says', () => {
  const row = (outcome: AuditRow['outcome']): AuditRow => ({
    id: 'i',
    atMs: 1,
    seq: 1,
    who: 'Ada',
    kind: 'user',
    action: 'a',
    target: 't',
    reason: null,
    outcome,
    address: null,
  })
  const all = { q: '', more: false, later: false }

  test('of its entries', () => {
    expect(auditSentence([], all, 'Airfield')).toBe('Nothing was done in Airfield yet')
    expect(auditSentence([row('done')], all, 'x')).toBe('No refusal among the newest 1 entry')
    expect(auditSentence([row('done'), row('denied')], all, 'x')).toBe('1 refusal among the newest 2 entries')
    expect(auditSentence([row('denied')], { ...all, later: true }, 'x')).toBe('1 refusal among these 1 entry')
    expect(auditSentence([row('done')], { ...all, q: 'who:Ada', more: true }, 'x')).toBe(
      'At least 1 entry matches “who:Ada”',
    )
  })

  test('of the chain', () => {
    const report = { entries: 12_345, upTo: { seq: 12_345 }, firstBad: null }
    expect(chainWords({ ...report, state: 'holds' })).toEqual({
      kind: 'ok',
      words: 'Chain holds: 12,345 entries, up to number 12,345',
    })
    expect(chainWords({ ...report, state: 'unfinished' }).words).toBe('Checked up to entry 12,345…')
    expect(chainWords({ ...report, state: 'broken', firstBad: { what: 'Entry 7 is gone' } })).toEqual({
      kind: 'crit',
      words: 'Chain broken. Entry 7 is gone',
    })
  })
})
