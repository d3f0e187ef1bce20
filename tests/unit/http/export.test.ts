import { describe, expect, test } from 'vitest'
import { csvLine } from '#lib/http/admin/csv.ts'
import { exportResponse, formatOf } from '#lib/http/admin/export.ts'
import { SESSION_COLUMNS } from '#lib/http/admin/export-columns.ts'

const logged: string[] = []
const ctx = {
  log: { error: (message: string) => logged.push(message) },
  clock: { now: () => Date.UTC(2026, 10, 26) },
} as unknown as Parameters<typeof exportResponse>[0]

interface Row {
  readonly id: number
  readonly name: string
}
const COLUMNS = { id: (row: Row) => row.id, name: (row: Row) => row.name }
const PAGE = 500

async function* pagesOf(rows: number, onPage: (page: number) => void = () => undefined) {
  for (let from = 0; from < rows; from += PAGE) {
    onPage(from / PAGE)
    yield Array.from({ length: Math.min(PAGE, rows - from) }, (_, i) => ({
      id: from + i,
      name: `=cmd|"${'x'.repeat(500)}`,
    }))
  }
}
const exported = (format: 'csv' | 'ndjson', pages: AsyncIterator<readonly Row[]>) =>
  exportResponse(ctx, format, { name: 'sessions', columns: COLUMNS, pages })

describe('a line of CSV', () => {
  test('quotes what RFC 4180 quotes, and leaves unknown empty', () => {
    expect(csvLine(['a,b', 'say "x"', 'two\nlines', null, 5, -5, true])).toBe(
      '"a,b","say ""x""","two\nlines",,5,-5,true\r\n',
    )
  })

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")'])(
    '[check 46] is inert in a spreadsheet: %j',
    (text) => {
      const line = csvLine([text]).trimEnd()
      expect(line.replace(/^"/, '')).toMatch(/^'/)
    },
  )
})

describe('an export', () => {
  test('is a file of 100,000 rows that is written as fast as it is taken, two pages ahead at most', async () => {
    const rows = 100_000
    let read = 0
    const answer = await exported(
      'ndjson',
      pagesOf(rows, (page) => (read = page + 1)),
    )
    expect(answer.headers.get('content-disposition')).toBe(
      'attachment; filename="sessions-2026-11-26.ndjson"',
    )
    let [lines, last, taken, ahead] = [0, '', 0, 0]
    const decoder = new TextDecoder()
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      taken++
      ahead = Math.max(ahead, read - taken)
      const found = decoder.decode(chunk).trimEnd().split('\n')
      lines += found.length
      last = found.at(-1) ?? ''
    }
    expect([lines, JSON.parse(last)]).toEqual([rows + 1, { complete: true, rows }])
    expect(ahead).toBeLessThanOrEqual(3)
  })

  test('has its columns’ names first, also where no row is found', async () => {
    expect(await (await exported('csv', pagesOf(0))).text()).toBe('id,name\r\n')
    expect(await (await exported('ndjson', pagesOf(0))).text()).toBe('{"complete":true,"rows":0}\n')
  })

  test('breaks off where the database fails, so that no shortened file looks whole', async () => {
    async function* failing() {
      yield* pagesOf(PAGE)
      throw new Error('away')
    }
    const answer = await exported('csv', failing())
    await expect(answer.text()).rejects.toThrow('away')
    expect(logged).toContain('an export was broken off')
  })

  test('that can’t begin is no file', async () => {
    const refused = { next: () => Promise.reject(new Error('away')) }
    await expect(exported('csv', refused)).rejects.toThrow('away')
  })

  test('stops reading when nobody takes it any more', async () => {
    let read = 0
    const answer = await exported(
      'csv',
      pagesOf(100_000, (page) => (read = page + 1)),
    )
    const reader = answer.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(read).toBeLessThan(5)
  })

  test('has of a session what the list’s filter looks at: the codes of its requests and of what it set aside', () => {
    type Session = Parameters<(typeof SESSION_COLUMNS)['codes']>[0]
    const own = { attempts: [{ code: 'shed' }, {}, { code: 'shed' }], localRefusals: [{ code: 'too_deep' }] }
    const { codes, source } = SESSION_COLUMNS
    expect(codes?.(own as unknown as Session)).toBe('shed too_deep')
    expect(source?.(own as unknown as Session)).toBeNull()
    expect(source?.({ attempts: [], source: 'powersync' } as unknown as Session)).toBe('powersync')
  })

  test('takes a format that there is', () => {
    expect(formatOf({ q: 'x' })).toEqual({ format: 'csv', rest: { q: 'x' } })
    expect(() => formatOf({ format: 'xlsx' })).toThrow()
  })
})
