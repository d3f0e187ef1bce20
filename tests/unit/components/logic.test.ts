import { describe, expect, test } from 'vitest'
import { prepareLanes, type SessionSegment } from '#components/charts/prepare-lanes.ts'
import { prepareStrip, STRIP_STAYS_MAX } from '#components/charts/prepare-strip.ts'
import { withRests } from '#components/charts/prepare-rests.ts'
import { STATE_ORDER } from '#components/charts/session-states.ts'
import { matchCommands, nextCommand, type CommandGroup } from '#components/shell/command-list.ts'
import { nextKeyState, PAIR_MS_MAX } from '#components/shell/key-map.ts'
import {
  LIVE_START,
  nextLive,
  refreshDelayMs,
  retryDelayMs,
  RETRY_MS_MAX,
} from '#components/shell/live-connection.ts'
import { sayLive } from '#components/shell/live-mark.tsx'
import { isCurrent, splitTabs, TABS_MAX, type NavItem } from '#components/shell/nav.ts'
import { parseRange } from '#components/shell/ranges.ts'
import { parseTheme, themeAttribute } from '#components/shell/theme.ts'
import { diffFields } from '#components/ui/diff-fields.ts'
import { jsonLines } from '#components/ui/json-lines.ts'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { SESSION_TABLE } from '#lib/engine/session-machine.ts'

describe('live connection', () => {
  const live = nextLive(LIVE_START, { kind: 'opened' })

  test('a lost stream says that it reconnects, and when', () => {
    const lost = nextLive(live, { kind: 'lost', nowMs: 1_000, random: 1 })
    expect(lost).toEqual({ kind: 'reconnecting', attempt: 1, retryAtMs: 2_000 })
    expect(sayLive(lost, 4_000, 1_500)).toEqual({
      kind: 'unk',
      word: 'Reconnecting',
      detail: '4 s ago, retry in 1 s',
    })
  })

  test('each failed attempt waits longer, up to a bound; a success starts over', () => {
    let state = live
    const waits: number[] = []
    for (let n = 0; n < 8; n += 1) {
      state = nextLive(state, { kind: 'lost', nowMs: 0, random: 1 })
      if (state.kind === 'reconnecting') waits.push(state.retryAtMs)
      state = nextLive(state, { kind: 'retry' })
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    const back = nextLive(nextLive(state, { kind: 'opened' }), { kind: 'lost', nowMs: 0, random: 1 })
    expect(back).toMatchObject({ attempt: 1 })
  })

  test('jitter keeps at least half of the wait and never passes the bound', () => {
    expect(retryDelayMs(1, 0)).toBe(500)
    expect(retryDelayMs(50, 1)).toBe(RETRY_MS_MAX)
  })

  test('a paused page stays paused, whatever the stream does', () => {
    const paused = nextLive(live, { kind: 'pause' })
    expect(nextLive(paused, { kind: 'opened' })).toBe(paused)
    expect(nextLive(paused, { kind: 'lost', nowMs: 0, random: 0 })).toBe(paused)
    expect(nextLive(paused, { kind: 'resume' })).toEqual(LIVE_START)
  })

  test('while the database is away the page says how old it is, and follows again when it is back', () => {
    const away = nextLive(live, { kind: 'database', answers: false })
    expect(sayLive(away, 81_000, 0)).toEqual({
      kind: 'warn',
      word: 'Database away',
      detail: 'as of 1 min ago',
    })
    expect(nextLive(away, { kind: 'database', answers: true })).toEqual(live)
    expect(nextLive(away, { kind: 'lost', nowMs: 0, random: 1 })).toMatchObject({ kind: 'reconnecting' })
    expect(nextLive({ kind: 'paused' }, { kind: 'database', answers: false })).toEqual({ kind: 'paused' })
  })

  test('a stream that is open but silent is stale, not live', () => {
    expect(sayLive(live, 3_000, 0).word).toBe('Live')
    expect(sayLive(live, 61_000, 0)).toMatchObject({ kind: 'warn', word: 'Stale' })
  })

  test('refreshes keep their distance', () => {
    expect(refreshDelayMs(0, 100_000, 5_000)).toBe(0)
    expect(refreshDelayMs(98_000, 100_000, 5_000)).toBe(3_000)
  })
})

describe('the URL', () => {
  test('one parameter changes, the others stay', () => {
    expect(withParams('/devices', 'fleet=a&q=x', { range: '1h' })).toBe('/devices?fleet=a&q=x&range=1h')
    expect(withParams('/devices', 'cursor=z', { cursor: null })).toBe('/devices')
  })

  test('another page keeps the fleet and the range, not the search', () => {
    expect(carryShared('/sessions', 'q=x&range=1h&fleet=a&cursor=z')).toBe('/sessions?fleet=a&range=1h')
  })

  test('what is not a range or a theme is the default', () => {
    expect([parseRange('7d'), parseRange('2y'), parseRange(null)]).toEqual(['7d', '24h', '24h'])
    expect([parseTheme('dark'), parseTheme('<script>')]).toEqual(['dark', 'system'])
    expect(themeAttribute('system')).toBeUndefined()
  })
})

describe('keys', () => {
  test('g and then a letter goes to a page, within a second', () => {
    const { act, prefix } = nextKeyState(null, 'g', 0)
    expect(act).toBeNull()
    expect(nextKeyState(prefix, 'd', 500).act).toEqual({ kind: 'go', key: 'd' })
    expect(nextKeyState(prefix, 'd', PAIR_MS_MAX + 1).act).toBeNull()
  })

  test('j and k move, others do nothing', () => {
    expect(nextKeyState(null, 'j', 0).act).toEqual({ kind: 'move', by: 1 })
    expect(nextKeyState(null, 'k', 0).act).toEqual({ kind: 'move', by: -1 })
    expect(nextKeyState(null, 'q', 0)).toEqual({ act: null, prefix: null })
  })
})

describe('navigation', () => {
  const item = (key: string): NavItem => ({ key, label: key, href: `/${key}`, icon: 'overview' })

  test('a page below belongs to its section, a page that only begins alike does not', () => {
    expect(isCurrent(item('devices'), '/devices/42')).toBe(true)
    expect(isCurrent(item('devices'), '/devices-old')).toBe(false)
  })

  test('a phone shows at most five tabs, the last of them More', () => {
    const { tabs, more } = splitTabs(['a', 'b', 'c', 'd', 'e', 'f'].map(item))
    expect(tabs).toHaveLength(TABS_MAX - 1)
    expect(more.map(({ key }) => key)).toEqual(['e', 'f'])
  })
})

describe('records', () => {
  test('fields that differ are marked against base; equal ones are counted', () => {
    const { rows, equal } = diffFields({
      base: { speed: null, species: 'bird', damage: 'None', site: { b: 1, a: 2 } },
      device: { speed: '', species: 'Killdeer', damage: 'None', site: { a: 2, b: 1 } },
      server: { speed: null, species: 'bird', damage: 'Minor', site: { b: 1, a: 2 } },
      refused: { speed: 'is not a number' },
    })
    expect(rows.map((row) => [row.field, row.device.mark, row.server.mark])).toEqual([
      ['speed', 'refused', null],
      ['species', 'changed', null],
      ['damage', null, 'changed'],
    ])
    expect(rows[0]?.device.note).toBe('is not a number')
    expect(equal).toBe(1)
  })

  test('what a replay would leave says whose value it is', () => {
    const sides = {
      base: { speed: null, species: 'bird', damage: 'None', site: 'DFW', both: 1 },
      device: { speed: '', species: 'Killdeer', damage: 'None', site: 'DFW', both: 2 },
      server: { speed: null, species: 'bird', damage: 'Minor', site: 'DFW', both: 2 },
      edited: { speed: 7, species: 'Killdeer', damage: 'None', site: 'DFW', both: 2 },
      after: { speed: 7, species: 'Killdeer', damage: 'Minor', site: 'DFW', both: 2, note: 'x' },
      refused: {},
    }
    const told = (input: Parameters<typeof diffFields>[0]) =>
      diffFields(input).rows.map(({ field, after }) => [field, after?.text, after?.note])
    expect(told(sides)).toEqual([
      ['speed', '7', 'by your edit'],
      ['species', '"Killdeer"', 'from device'],
      ['damage', '"Minor"', 'from server'],
      ['both', '2', null],
      ['note', '"x"', 'merged'],
    ])
    const { after: _, ...untold } = sides
    expect(told(untold)[0]).toEqual(['speed', undefined, undefined])
    expect(told({ ...sides, server: null, after: null })[0]).toEqual(['speed', 'no record', 'merged'])
  })

  test('a third value that no decision left came later', () => {
    const sides = { base: { a: 1 }, device: { a: 2 }, server: { a: 3 }, after: { a: 4 }, refused: {} }
    const noteOf = (settled: { a: number } | null) => diffFields({ ...sides, settled }).rows[0]?.after?.note
    expect(noteOf({ a: 4 })).toBe('merged')
    expect(noteOf({ a: 2 })).toBe('changed since')
    expect(noteOf(null)).toBe('changed since')
  })

  test('absent, null and no record are three things', () => {
    const { rows } = diffFields({ base: null, device: { a: null }, server: {}, refused: {} })
    expect(rows[0]).toMatchObject({
      base: { text: 'no record' },
      device: { text: 'null' },
      server: { text: 'absent' },
    })
  })

  test('a field named like a prototype member is a field', () => {
    const device = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, number>
    const { rows } = diffFields({ base: {}, device, server: {}, refused: {} })
    expect(rows.map((row) => [row.field, row.base.text, row.device.text])).toEqual([
      ['__proto__', 'absent', '1'],
      ['constructor', 'absent', '2'],
    ])
  })

  test('a payload’s lines know their pointers, and a long one says what it hides', () => {
    const value = { 'a/b': [1, { c: null }], empty: {} }
    const { lines } = jsonLines(value)
    expect(lines.map((line) => line.pointer)).toContain('/a~1b/1/c')
    const text = lines
      .map((line) => `${line.key === null ? '' : `${JSON.stringify(line.key)}:`}${line.text}`)
      .join('')
    expect(JSON.parse(text)).toEqual(value)
    expect(jsonLines(value, 3)).toMatchObject({ hidden: lines.length - 3 })
  })
})

test('the picture has every state of the machine, each once', () => {
  expect(STATE_ORDER.toSorted()).toEqual(Object.keys(SESSION_TABLE).toSorted())
})

test('lanes: only the states that were met, a running stay reaches the right edge', () => {
  const { lanes, blocks } = prepareLanes(
    [
      { state: 'pushing', startMs: 0, ms: 500 },
      { state: 'shed', startMs: 500, ms: null, tone: 'held' },
    ],
    0,
    1_000,
    'UTC',
  )
  expect(lanes).toEqual(['pushing', 'shed'])
  expect(blocks[1]).toMatchObject({ x: 500, width: 500, fill: 'f-held', said: 'still' })
})

test('lanes: a device rests between its sessions, unless it was silent for too long to say so', () => {
  const HOUR = 3_600_000
  const at = (startMs: number, state: 'idle' | 'offline') => ({
    segments: [{ state: 'pushing' as const, startMs, ms: 500 }],
    rest: { state, atMs: startMs + 500 },
  })
  const untold = { segments: [], rest: null }
  expect(withRests([at(0, 'idle'), at(60_000, 'offline'), at(90_000, 'idle')], 15_000)).toMatchObject([
    { state: 'pushing', startMs: 0 },
    { state: 'idle', startMs: 500, ms: 59_500 },
    { state: 'pushing', startMs: 60_000 },
    { state: 'offline', startMs: 60_500, ms: 29_500 },
    { state: 'pushing', startMs: 90_000 },
  ])
  const states = (runs: Parameters<typeof withRests>[0], intervalMs = 15_000) =>
    withRests(runs, intervalMs).map(({ state }) => state)
  expect(states([at(0, 'idle'), at(HOUR, 'idle')])).toEqual(['pushing', 'pushing'])
  expect(states([at(0, 'idle'), at(HOUR, 'idle')], HOUR)).toEqual(['pushing', 'idle', 'pushing'])
  expect(states([at(0, 'idle'), untold, at(90_000, 'idle')])).toEqual(['pushing', 'pushing'])
})

describe('command menu', () => {
  const groups: readonly CommandGroup[] = [
    {
      key: 'pages',
      title: 'Go to',
      commands: [
        { key: 'dead', label: 'Dead letters', href: '/dead-letters' },
        { key: 'devices', label: 'Devices', href: '/devices' },
        { key: 'rate', label: 'Failure rate', href: '/pillars/failures' },
      ],
    },
    { key: 'theme', title: 'Theme', commands: [{ key: 'dark', label: 'Dark', run: () => undefined }] },
  ]
  const found = (text: string): string[] =>
    matchCommands(groups, text).flatMap(({ commands }) => commands.map(({ key }) => key))

  test('nothing typed offers everything; each word has to be in the name or in that of its group', () => {
    expect(found('  ')).toEqual(['dead', 'devices', 'rate', 'dark'])
    expect(found('THEME da')).toEqual(['dark'])
    expect(found('rate fail')).toEqual(['rate'])
    expect(found('rate x')).toEqual([])
  })

  test('what begins with the words comes first; a group without any is left out', () => {
    expect(found('de')).toEqual(['dead', 'devices'])
    expect(found('e')).toEqual(['dead', 'devices', 'rate', 'dark'])
    expect(found('dev')).toEqual(['devices'])
    expect(matchCommands(groups, 'dark').map(({ key }) => key)).toEqual(['theme'])
  })

  test('the arrows go round', () => {
    expect([nextCommand(0, -1, 3), nextCommand(2, 1, 3), nextCommand(0, 1, 1)]).toEqual([2, 0, 0])
  })
})

describe('the strip of a session', () => {
  const stay = (n: number, tone?: 'held' | 'crit'): SessionSegment => ({
    state: 'pushing',
    startMs: n,
    ms: 1,
    ...(tone && { tone }),
  })
  const shown = (segments: readonly SessionSegment[]) =>
    prepareStrip(segments).map((part) => (part.kind === 'more' ? `+${part.count}` : part.segment.startMs))
  const many = (count: number, ...wrong: readonly number[]) =>
    Array.from({ length: count }, (_, n) => stay(n, wrong.includes(n) ? 'crit' : undefined))

  test('a short one is drawn whole', () => {
    expect(shown(many(STRIP_STAYS_MAX))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(shown([])).toEqual([])
  })
  test('of a long one what went wrong stays in the picture, and what is left out is counted', () => {
    expect(shown(many(200, 150))).toEqual([0, 1, '+148', 150, '+48', 199])
    expect(shown(many(40))).toEqual([0, 1, 2, '+36', 39])
    expect(shown(many(20, 2, 4, 6, 8, 10))).toEqual(['+6', 6, '+1', 8, '+1', 10, '+8', 19])
  })
})
