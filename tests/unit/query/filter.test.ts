import { describe, expect, test } from 'vitest'
import { AUDIT_FIELDS } from '#lib/query/audit-fields.ts'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { CONDITIONS_MAX, FILTER_LENGTH_MAX, type Field, type Fields } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { parseFilter, problemText } from '#lib/query/parse-filter.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import { suggest } from '#lib/query/suggest.ts'
import { suggestedKeys } from '#lib/query/suggested-keys.ts'
import { hasValue, toggleValue } from '#lib/query/toggle-value.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'

const parsed = (q: string) => conditionsOf(q, SESSION_FIELDS)
const problem = (q: string): string => {
  const result = parseFilter(q, SESSION_FIELDS)
  return result.ok ? '' : problemText(result.error)
}

describe('reading a filter', () => {
  test('keys, several values, negation, comparisons, quotes and free words', () => {
    expect(
      parsed('device:"Gate 4, left" version:2.4.0,2.4.1 -result:ok took:>30s queue:5 DFW -"a b"'),
    ).toEqual([
      { kind: 'is', key: 'device', not: false, values: ['Gate 4, left'] },
      { kind: 'is', key: 'version', not: false, values: ['2.4.0', '2.4.1'] },
      { kind: 'is', key: 'result', not: true, values: ['ok'] },
      { kind: 'compare', key: 'took', not: false, comparison: '>', amount: 30_000, unit: 'ms' },
      { kind: 'compare', key: 'queue', not: false, comparison: '=', amount: 5, unit: 'count' },
      { kind: 'words', not: false, text: 'DFW' },
      { kind: 'words', not: true, text: 'a b' },
    ])
  })

  test('what is quoted is text: a colon, a quote, a backslash, a dash in front', () => {
    expect(parsed(String.raw`"http://x" "a \"b\" \\c" "-x" -`)).toEqual([
      { kind: 'words', not: false, text: 'http://x' },
      { kind: 'words', not: false, text: String.raw`a "b" \c` },
      { kind: 'words', not: false, text: '-x' },
      { kind: 'words', not: false, text: '-' },
    ])
  })

  test.each([
    ['colour:red', /^“colour:red” is not understood: there is no key colour; keys are device, collection/],
    ['ok result:great', /^“result:great” .*result: takes one of ok, failed, abandoned/],
    ['took:fast', /took: takes a time with its unit \(ms, s, m, h, d\), such as took:>30s/],
    ['took:>30', /took: takes a time/],
    ['queue:>1m', /queue: takes a number, such as queue:>100/],
    ['queue:1,2', /queue: takes a number/],
    ['lag:>9999999d', /lag: takes a time/],
    ['device:', /device: takes a whole name or an id/],
    ['version:1,,2', /version: takes a text/],
    ['device:"open', /^“device:"open” is not understood: a quote is not closed/],
    ['""', /nothing between the quotes/],
    ['constructor:x toString:y', /there is no key constructor/],
    ['x '.repeat(CONDITIONS_MAX + 1), /^A filter has at most 20 conditions$/],
    ['x'.repeat(FILTER_LENGTH_MAX + 1), /^A filter has at most 400 characters$/],
    [`version:${'1,'.repeat(20)}2`, /at most 20 values/],
  ])('tells what is not understood and what may stand there: %s', (q, sentence) => {
    expect(problem(q)).toMatch(sentence)
  })

  const lists: readonly [string, Fields][] = [
    ['sessions', SESSION_FIELDS],
    ['devices', DEVICE_FIELDS],
    ['audit log', AUDIT_FIELDS],
  ]
  test.each(lists)('every example and every choice of the %s is understood', (_, fields) => {
    for (const [key, field] of Object.entries<Field>(fields)) {
      const choices = field.kind === 'choice' ? field.choices.map(({ value }) => `${key}:${value}`) : []
      for (const q of [...field.examples, ...choices])
        expect([q, parseFilter(q, fields).ok]).toEqual([q, true])
      expect(field.examples.length).toBeGreaterThan(0)
    }
  })
})

describe('pressing a value', () => {
  test('adds it beside the others of its key, takes it away again, and leaves the rest', () => {
    const first = toggleValue(parsed('geese lag:>5m'), 'result', 'failed')
    const both = toggleValue(first, 'result', 'abandoned')
    expect(formatFilter(both)).toBe('geese lag:>5m result:failed,abandoned')
    expect([hasValue(both, 'result', 'abandoned'), hasValue(first, 'result', 'abandoned')]).toEqual([
      true,
      false,
    ])
    expect(formatFilter(toggleValue(toggleValue(both, 'result', 'failed'), 'result', 'abandoned'))).toBe(
      'geese lag:>5m',
    )
  })

  test('a value that is excluded is not one that is asked for', () => {
    const excluded = parsed('-result:ok')
    expect(hasValue(excluded, 'result', 'ok')).toBe(false)
    expect(formatFilter(toggleValue(excluded, 'result', 'failed'))).toBe('-result:ok result:failed')
  })
})

describe('what may stand where one types', () => {
  const keys = suggestedKeys(SESSION_FIELDS, { version: ['2.4.1', '2.4.0', 'a b'] })
  const texts = (text: string, cursor = text.length) => suggest(text, cursor, keys).map((one) => one.text)

  test('keys that begin so, also behind a minus, within a text', () => {
    expect(texts('de')).toEqual(['device:'])
    expect(texts('geese -re')).toEqual(['-result:'])
    expect(suggest('x re y', 4, keys)).toMatchObject([{ text: 'result:', from: 2, to: 4 }])
    expect(texts('')).toContain('took:')
    expect(texts('nothing')).toEqual([])
  })

  test('values behind a key, those taken already left out', () => {
    expect(texts('result:')).toEqual(['result:ok', 'result:failed', 'result:abandoned'])
    expect(texts('result:ok,a')).toEqual(['result:ok,abandoned'])
    expect(texts('version:2.4.0,')).toEqual(['version:2.4.0,2.4.1', 'version:2.4.0,"a b"'])
    expect([texts('took:'), texts('colour:'), texts('device:"a b')]).toEqual([[], [], []])
  })
})
