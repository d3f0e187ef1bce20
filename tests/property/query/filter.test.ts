import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AUDIT_FIELDS } from '#lib/query/audit-fields.ts'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { FILTER_LENGTH_MAX, type Fields } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import { filters } from '#tests/support/filter-arbitraries.ts'

const LISTS: readonly [string, Fields][] = [
  ['sessions', SESSION_FIELDS],
  ['devices', DEVICE_FIELDS],
  ['letters', LETTER_FIELDS],
  ['audit log', AUDIT_FIELDS],
]

test.each(LISTS)('what is written of the %s is read back as it was', (_, fields) => {
  fc.assert(
    fc.property(filters(fields), (filter) => {
      const text = formatFilter(filter)
      fc.pre(text.length <= FILTER_LENGTH_MAX)
      expect(parseFilter(text, fields)).toEqual({ ok: true, value: filter })
    }),
  )
})

test.each(LISTS)(
  'any text of the %s is read or refused, and what is read is written once and for all',
  (_, fields) => {
    const keys = Object.keys(fields)
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        ...keys.map((key) => `${key}:`),
        '"',
        '\\',
        ',',
        '-',
        ' ',
        '>',
        '<=',
        '5m',
        '1.5h',
        '100',
        'ok',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const parsed = parseFilter(pieces.join(''), fields)
        if (!parsed.ok) {
          expect(parsed.error.message).not.toBe('')
          return
        }
        const text = formatFilter(parsed.value)
        const again = parseFilter(text, fields)
        if (text.length <= FILTER_LENGTH_MAX) expect(again).toEqual({ ok: true, value: parsed.value })
        if (again.ok) expect(formatFilter(again.value)).toBe(text)
      }),
    )
  },
)
