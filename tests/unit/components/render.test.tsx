import type { ReactElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import { BarChart } from '#components/charts/bar-chart.tsx'
import { PillarCard } from '#components/charts/pillar-card.tsx'
import { SessionLanes, SessionStrip } from '#components/charts/session-timeline.tsx'
import { StateLanes } from '#components/charts/state-lanes.tsx'
import { StateMachine } from '#components/charts/state-machine.tsx'
import { TimeChart } from '#components/charts/time-chart.tsx'
import { DataTable } from '#components/table/data-table.tsx'
import { newsWords } from '#components/table/list-foot.tsx'
import { LongTable } from '#components/table/long-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { JsonView } from '#components/ui/json-view.tsx'
import { Status, type StatusKind } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
const html = (element: ReactElement): string => renderToStaticMarkup(element)
const textOf = (markup: string): string =>
  markup
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

test.each(['ok', 'warn', 'crit', 'held', 'unk'] as StatusKind[])(
  'status %s is a shape and a word',
  (kind) => {
    const markup = html(<Status kind={kind}>Word</Status>)
    expect(markup).toContain('<svg')
    expect(textOf(markup)).toBe('Word')
  },
)

test('the verdict is the only h1, with its evidence after it', () => {
  const markup = html(
    <Verdict sentence="All sync" evidence="40 of 40" status={{ kind: 'ok', word: 'Fine' }} />,
  )
  expect(markup.match(/<h1/g)).toHaveLength(1)
  expect(textOf(markup)).toBe('All sync 40 of 40 Fine')
})

test('the server says UTC, so that the browser’s first render is the same', () => {
  const markup = html(<Time at={NOW - 81_000} now={NOW} />)
  expect(markup).toContain('dateTime="2026-11-24T14:30:47.000Z"')
  expect(textOf(markup)).toBe('1 min ago, 14:30:47')
  expect(textOf(html(<Time at={null} now={NOW} />))).toBe('not known')
  expect(textOf(html(<Time at={NOW + 7} now={NOW} show="exact" />))).toBe('14:32:08.007')
})

describe('charts', () => {
  const from = NOW - 600_000

  test('a state that held too short for its name is told with its time, as the others are', () => {
    const change = (after: number, was: BreakerKind, is: BreakerKind) => ({
      lane: 'api-1',
      atMs: from + after,
      before: was,
      after: is,
    })
    const markup = html(
      <StateLanes
        label="States"
        fromMs={from}
        toMs={from + 600_000}
        changes={[change(300_000, 'closed', 'forced_open'), change(309_000, 'forced_open', 'closed')]}
      />,
    )
    const [, told = ''] = markup.split('<ol class="sr">')
    expect(textOf(told)).toMatch(
      /^api-1: CLOSED 14:22:08, 5 min 00 s; FORCED_OPEN 14:27:08, 9\.?0? s; CLOSED 14:27:17, 4 min 51 s/,
    )
  })

  test('lines are drawn without a script: the pen is lifted where nothing is known, a lone value is a dot', () => {
    const at = (n: number, value: number | null) => ({ t: from + n * 60_000, value })
    const markup = html(
      <TimeChart
        label="Rate"
        names={{ subject: 'today' }}
        format="count"
        fromMs={from}
        toMs={from + 600_000}
        bucketMs={60_000}
        points={[at(0, 1), at(1, 2), at(2, null), at(3, 4), at(4, null), at(5, 0)]}
      />,
    )
    const [subject = '', alone = ''] = [...markup.matchAll(/<path(?: class="alone")? d="([^"]*)"/g)]
      .map(([, d = '']) => d)
      .filter((d) => !d.includes('H1000'))
    expect(subject.match(/[ML][\d.]+ [\d.]+/g)?.map((part) => part.replace(/ .*/, ''))).toEqual([
      'M0',
      'L10',
      'M30',
      'M50',
    ])
    expect(alone).toMatch(/^M30 [\d.]+h0M50 100h0$/)
  })
  const points = [
    { t: from, value: 0.004 },
    { t: from + 60_000, value: null },
    { t: from + 120_000, value: 0.012 },
  ]

  test('a time chart has a name, its limit in words, its gap, and a table that says no data', () => {
    const markup = html(
      <TimeChart
        label="Failure rate"
        names={{ subject: 'failure rate' }}
        fromMs={from}
        toMs={from + 180_000}
        bucketMs={60_000}
        format="percent"
        points={points}
        thresholds={[{ value: 0.01, word: 'warn 1 %', tone: 'warn' }]}
      />,
    )
    expect(markup).toContain('aria-label="Failure rate"')
    expect(markup).toContain('warn 1 %')
    expect(markup).toContain('class="gap"')
    expect(textOf(markup)).toMatch(/0\.40 %.*no data.*1\.20 %/)
  })

  test('a bar chart counts in its table what it draws', () => {
    const markup = html(
      <BarChart
        label="Dead letters"
        name="dead letters"
        fromMs={from}
        toMs={from + 180_000}
        bucketMs={60_000}
        points={[
          { t: from, value: 0 },
          { t: from + 60_000, value: 1_284 },
        ]}
      />,
    )
    expect(markup.match(/class="f-bar"/g)).toHaveLength(1)
    expect(textOf(markup)).toContain('1,284')
  })

  test('the state picture says count and share of every state, and shows held only where it is', () => {
    const none = {
      scanning: 0,
      pushing: 0,
      pulling: 0,
      resolving: 0,
      committing: 0,
      resyncing: 0,
      backoff: 0,
      offline: 0,
    }
    const shed = html(<StateMachine counts={{ ...none, idle: 30, shed: 10, halted: 0 }} total={40} />)
    expect(shed).toContain('aria-label="30 idle, 75.0 %"')
    expect(shed).toContain('class="node held"')
    const calm = html(<StateMachine counts={{ ...none, idle: 40, shed: 0, halted: 0 }} total={40} />)
    expect(calm).not.toContain('held')
    expect(
      textOf(html(<StateMachine counts={{ ...none, idle: 0, shed: 0, halted: 0 }} total={0} />)),
    ).not.toContain('NaN')
  })

  test('a session is told in words beside its picture', () => {
    const segments = [
      { state: 'pushing' as const, startMs: from, ms: 1_600 },
      { state: 'shed' as const, startMs: from + 1_600, ms: null, tone: 'held' as const, note: '503' },
    ]
    expect(html(<SessionStrip segments={segments} />)).toContain('aria-label="pushing 1.6 s, shed 503 still"')
    const lanes = html(<SessionLanes segments={segments} fromMs={from} toMs={from + 5_000} label="Session" />)
    expect(textOf(lanes)).toContain('shed 503 still')
  })

  test('a pillar stands with its denominator, and a stale one is marked', () => {
    const card = (stale: boolean): string =>
      html(
        <PillarCard
          caption="Conflict rate"
          status={{ kind: 'ok', word: 'Under 2 %' }}
          figure={{ value: '0.84', unit: '%' }}
          sentence="of pushed changes needed resolution"
          evidence={['262 of 31,240 pushed in 60 min · 14 s ago']}
          chart={null}
          stale={stale}
        />,
      )
    expect(textOf(card(false))).toContain('0.84 % of pushed changes needed resolution 262 of 31,240')
    expect(card(true)).toContain('class="pillar stale"')
  })
})

describe('tables', () => {
  const columns = [
    { key: 'id', header: 'Device', cell: (row: { id: string; n: number }) => row.id },
    { key: 'n', header: 'Queue', align: 'end' as const, cell: (row: { id: string; n: number }) => row.n },
  ]
  const table = (rows: { id: string; n: number }[]): string =>
    html(
      <DataTable
        label="Devices"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        rowHref={(row) => `/devices/${row.id}`}
        empty={<p>No device yet</p>}
      />,
    )

  test('a row is one link, found by the keys', () => {
    const markup = table([{ id: 'DFW-0417', n: 14 }])
    expect(markup).toContain('href="/devices/DFW-0417"')
    expect(markup).toContain('data-row=""')
    expect(markup).toContain('<td class="num">14</td>')
  })

  test('no rows is a sentence, not an empty table', () => {
    expect(table([])).toBe('<p>No device yet</p>')
  })

  test('a page of a list leads on, and its next link keeps the filter', () => {
    const markup = html(
      <Pager place={{ path: '/dead-letters', query: 'status=replayed' }} shown={50} nextCursor="abc" />,
    )
    expect(textOf(markup)).toBe('50 on this page Next page')
    expect(markup).toContain('href="/dead-letters?status=replayed&amp;cursor=abc"')
  })

  describe('of any length', () => {
    const rows = Array.from({ length: 50 }, (_row, n) => ({ id: `DFW-${n}`, n }))
    const load = async () => ({ ok: false as const, message: 'nothing is loaded here' })
    const list = (nextCursor: string | null, matching?: number): string =>
      html(
        <LongTable
          label="Devices"
          columns={columns}
          page={{ rows, nextCursor, atMs: NOW, load }}
          rowKey={(row) => row.id}
          rowHref={(row) => `/devices/${row.id}`}
          empty={<p>No device yet</p>}
          end={{
            path: '/devices',
            query: 'q=x',
            exports: { csv: '/csv', ndjson: '/ndjson' },
            ...(matching === undefined ? {} : { matching }),
          }}
        />,
      )

    test('the first page comes whole, with a way on that needs no script', () => {
      const markup = list('abc', 48_213)
      expect(markup.match(/data-row=/g)).toHaveLength(50)
      expect(textOf(markup)).toContain('50 on this page · 48,213 matching')
      expect(markup).toContain('href="/devices?q=x&amp;cursor=abc"')
      expect(markup).not.toContain('class="room"')
    })

    test('readers hear which row of how many it is; where nobody has counted, that nobody has', () => {
      expect(list('abc', 48_213)).toContain('aria-rowcount="48214"')
      expect(list('abc')).toContain('aria-rowcount="-1"')
      expect(list(null)).toContain('aria-rowcount="51"')
      expect(list(null)).toContain('data-row="49" aria-rowindex="51"')
    })

    test('what is newer is counted where rows come on top, and else only told of', () => {
      expect(newsWords({ added: 12, all: false }, 'session')).toBe('12 newer sessions since')
      expect(newsWords({ added: 50, all: true }, 'session')).toBe('at least 50 newer sessions since')
      expect(newsWords({ added: 3, all: false }, undefined)).toBe('changed since')
      expect(newsWords({ added: 0, all: false }, 'session')).toBe('changed since')
    })
  })
})

test('a payload is text, whatever is in it, and its refused place says why', () => {
  const markup = html(
    <JsonView
      value={{ speed: '<img src=x onerror=alert(1)>' }}
      label="Payload"
      marks={[{ pointer: '/speed', why: 'is not a number' }]}
    />,
  )
  expect(markup).not.toContain('<img')
  expect(markup).toContain('class="marked"')
  expect(textOf(markup)).toContain('× is not a number')
})

test('an error names its code and request', () => {
  const markup = html(
    <ErrorState title="The list did not load" code="database_unavailable" digest="2177904477" />,
  )
  expect(markup).toContain('role="alert"')
  expect(textOf(markup)).toContain('database_unavailable · digest 2177904477')
})
