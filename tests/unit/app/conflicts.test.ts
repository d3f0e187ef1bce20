import { describe, expect, it } from 'vitest'
import { contested, startOf } from '#app/(console)/conflicts/[id]/merge-start.ts'
import {
  clockWords,
  conflictSentence,
  decidedWords,
  loserWords,
  restoreWays,
} from '#app/(console)/conflicts/[id]/side-words.ts'
import {
  backHref,
  conflictHref,
  conflictsHref,
  groupHref,
  isCurrent,
  openOf,
  sortHref,
  withoutGroup,
  withStatus,
  type Group,
} from '#app/(console)/conflicts/conflict-links.ts'
import {
  deskSentence,
  fieldsWords,
  pairWords,
  placeWords,
  settledSentence,
  standing,
} from '#app/(console)/conflicts/desk-words.ts'
import { pairRates, pairsLeftOut, worstPair } from '#app/(console)/pillars/pair-rates.ts'
import { outcomeWords, RULES } from '#app/(console)/conflicts/rule-words.ts'
import { sameValue } from '#components/status/conflict-fields.ts'
import { BULK_RULES, RULE_SKIPS } from '#lib/engine/conflict/rule-choice.ts'
import { CONFLICT_FIELDS, conflictPlaces, type ConflictKey } from '#lib/query/conflict-fields.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import type { Filter } from '#lib/query/field.ts'

const HOUR_MS = 3_600_000
const filterOf = (q: string): Filter<ConflictKey> => {
  const parsed = parseFilter(q, CONFLICT_FIELDS)
  if (!parsed.ok) throw new Error(`not understood: ${q}`)
  return parsed.value
}
const qOf = (href: string): string => new URL(href, 'http://x.invalid').searchParams.get('q') ?? ''

describe('a conflict in words', () => {
  const row = { status: 'open', collection: 'reports', createdAtMs: 0, closure: null } as const
  const limits = { fleet: 4 * HOUR_MS, byCollection: { reports: HOUR_MS } }

  it('is overdue by its collection’s limit, or else its fleet’s', () => {
    expect(standing(row, HOUR_MS, limits)).toEqual({ kind: 'warn', word: 'waits' })
    expect(standing(row, HOUR_MS + 1, limits)).toEqual({ kind: 'crit', word: 'overdue' })
    const other = { ...row, collection: 'constructor' }
    expect(standing(other, HOUR_MS + 1, limits)).toEqual({ kind: 'warn', word: 'waits' })
    expect(standing({ ...row, status: 'resolved' }, 9e12, limits)).toEqual({
      kind: 'ok',
      word: 'settled automatically',
    })
  })

  it('says how many wait, since when, and whether that is too long', () => {
    const oldest = { oldestAtMs: 0, oldestCollection: 'others', limits }
    expect(deskSentence({ open: 0, oldestAtMs: null, oldestCollection: null, limits }, 0)).toBe(
      'No conflict waits for a person',
    )
    const one = deskSentence({ ...oldest, open: 1 }, HOUR_MS)
    expect(one).toBe('1 conflict waits for a person; the oldest has waited 1 h')
    const many = deskSentence({ ...oldest, open: 2_140 }, 5 * HOUR_MS)
    expect(many).toBe(
      '2,140 conflicts wait for a person; the oldest has waited 5 h, longer than the 4 h that it may',
    )
    const sooner = deskSentence({ ...oldest, oldestCollection: 'reports', open: 1 }, 2 * HOUR_MS)
    expect(sooner).toBe(
      '1 conflict waits for a person; the oldest has waited 2 h, longer than the 1 h that it may',
    )
  })

  it('names fields, and pairs of versions', () => {
    expect(fieldsWords([])).toBe('different fields')
    expect(fieldsWords([''])).toBe('the whole record')
    expect(fieldsWords(['/a', '/b/c', '/d'])).toBe('a, b.c and 1 more')
    expect(conflictPlaces(['', '/a', '/a'])).toEqual(['record', '/a'])
    expect(conflictPlaces([])).toEqual(['none'])
    expect(placeWords('record')).toBe('the whole record')
    expect(pairWords({ appVersion: '', remoteAppVersion: null })).toBe('unknown against unknown')
  })

  it('says what people decided, and how long it took', () => {
    const kept = { mine: 0, theirs: 0, merged: 0 }
    const none = { count: 0, p50Ms: null, p95Ms: null, kept }
    expect(settledSentence(none, 'last 24 h')).toBe('Nobody decided a conflict in the last 24 h.')
    expect(settledSentence(none, 'in the time chosen')).toBe('Nobody decided a conflict in the time chosen.')
    const some = { count: 3, p50Ms: 60_000, p95Ms: HOUR_MS, kept: { ...kept, mine: 2, merged: 1 } }
    expect(settledSentence(some, 'last 24 h')).toContain('2 for the device’s side, 1 for a merge')
  })

  it('says who lost, and what can be brought back', () => {
    const conflict = {
      status: 'resolved',
      strategy: 'lww',
      outcome: 'remote',
      fields: ['/a'],
      closure: null,
      deviceName: 'Tablet',
      collection: 'reports',
      local: null,
      remote: null,
      result: null,
    } as unknown as Parameters<typeof loserWords>[0]
    const closedAs = (kept: string) =>
      ({ ...conflict, outcome: 'manual', closure: { kept } }) as unknown as typeof conflict
    expect(conflictSentence(conflict)).toBe('Tablet and the server disagreed over a of a record of reports')
    expect(decidedWords(conflict)).toContain('The last write wins')
    expect(loserWords(conflict)?.words).toBe('Tablet lost: its change has no effect on the record.')
    expect(loserWords({ ...conflict, status: 'open' })).toBeNull()
    expect(loserWords(closedAs('mine'))?.words).toContain('The server’s side lost')
    const sidesOf = (one: typeof conflict) => restoreWays(one).map(({ side }) => side)
    expect(sidesOf(conflict)).toEqual(['mine'])
    expect(sidesOf({ ...conflict, outcome: 'local' })).toEqual(['theirs'])
    expect(sidesOf({ ...conflict, outcome: 'merge' })).toEqual([null])
    // Two that changed different fields lost nothing that could be brought back.
    expect(sidesOf({ ...conflict, outcome: 'merge', fields: [] })).toEqual([])
    expect(sidesOf(closedAs('merged'))).toEqual(['mine', 'theirs'])
    expect(sidesOf(closedAs('theirs'))).toEqual(['mine'])
    expect(sidesOf({ ...conflict, status: 'open' })).toEqual([])
  })

  it('names the field and the value that lost, and whose it was', () => {
    const [tag, other] = [
      { tag: 'BNA-0014', n: 1 },
      { tag: 'DFW-2', n: 2 },
    ]
    const merged = {
      status: 'resolved',
      outcome: 'merge',
      fields: ['/tag'],
      closure: null,
      deviceName: 'Tablet',
      local: tag,
      remote: other,
      result: tag,
    } as unknown as Parameters<typeof loserWords>[0]
    const of = (change: object) => loserWords({ ...merged, ...change } as typeof merged)
    expect(of({})).toEqual({ lost: true, words: 'tag «DFW-2» of the server’s side' })
    expect(of({ result: other })).toEqual({ lost: true, words: 'tag «BNA-0014» of Tablet' })
    expect(of({ outcome: 'local' })?.words).toBe('tag «DFW-2» of the server’s side')
    expect(of({ outcome: 'remote', result: other })?.words).toBe('tag «BNA-0014» of Tablet')
    expect(of({ fields: [] })).toEqual({ lost: false, words: 'The two changed different fields.' })
    const third = { fields: ['/n'], result: { n: 3 } }
    expect(of(third)).toEqual({ lost: false, words: 'What both wrote was joined.' })
    expect(of({ ...third, closure: { kept: 'merged' } })?.words).toBe(
      'n «2» of the server’s side; n «1» of Tablet',
    )
    expect(of({ fields: [''] })?.words).toContain('the table shows which')
  })

  it('says how far a clock was off', () => {
    expect(clockWords(null)).toBe('clock not told')
    expect(clockWords(0)).toBe('clock right')
    expect(clockWords(2_000)).toMatch(/behind$/)
    expect(clockWords(-2_000)).toMatch(/ahead$/)
  })
})

describe('the addresses of the desk', () => {
  const group: Group = {
    collection: 'reports',
    place: '/status',
    appVersion: '2.4.0',
    remoteAppVersion: null,
    count: 3,
    devices: 1,
    oldestAtMs: 0,
    newestAtMs: 1,
  }

  it('show what is open unless a status is asked for', () => {
    expect(withStatus([])).toHaveLength(1)
    expect(withStatus(filterOf('-status:open'))).toHaveLength(1)
    expect(withStatus(filterOf('DFW'))).toHaveLength(2)
  })

  it('lead into a group and out of it, with the rest of the filter', () => {
    const into = groupHref('fleet=f&sort=newest', filterOf('status:resolved'), group)
    const filter = filterOf(qOf(into))
    expect(into).toContain('sort=newest')
    expect(isCurrent(filter, group)).toBe(true)
    expect(isCurrent(filter, { ...group, remoteAppVersion: '2.4.1' })).toBe(false)
    expect(withoutGroup(filter)).toEqual(filterOf('status:resolved'))
    expect(qOf(groupHref('fleet=f', filter, group))).toBe('status:resolved')
    expect(withoutGroup(filterOf('collection:reports'))).toHaveLength(1)
  })

  it('keep a list’s filter and order on the way to one of it, back, and on', () => {
    const query = 'fleet=f&q=field%3A%2Fa&sort=newest&cursor=x'
    for (const href of [conflictHref(query, 'c'), backHref(query)]) {
      expect(qOf(href)).toBe('field:/a')
      expect(href).toContain('fleet=f')
      expect(href).toContain('sort=newest')
      expect(href).not.toContain('cursor')
    }
    expect(openOf(filterOf('field:/a status:resolved'))).toBe('field:/a status:open')
  })

  it('keep the fleet, and drop the page for another order', () => {
    expect(conflictsHref('fleet=f&cursor=x', [])).toBe('/conflicts?fleet=f')
    expect(sortHref('fleet=f&cursor=x', 'newest')).not.toContain('cursor')
    expect(sortHref('fleet=f&sort=newest', 'waiting')).not.toContain('sort')
  })
})

describe('a rule in words', () => {
  it('has words for each rule and each reason', () => {
    expect(RULES.map(({ value }) => value).toSorted()).toEqual([...BULK_RULES].toSorted())
    for (const why of RULE_SKIPS)
      expect(outcomeWords({ outcome: 'skipped', why }).words).toMatch(/^stay open: /)
    expect(outcomeWords({ outcome: 'merged', why: null })).toEqual({ kind: 'ok', words: 'are merged' })
  })
})

describe('where a merge begins', () => {
  const local = { title: 'mine', count: 1, note: 'x' }
  const now = { title: 'theirs', count: 2 }

  it('is the record as it stands, with the device’s words in what both changed', () => {
    expect(startOf(local, now, ['/title'])).toEqual({ title: 'mine', count: 2 })
    expect(startOf(local, now, ['/note'])).toEqual({ ...now, note: 'x' })
    expect(startOf({ count: 2 }, now, ['/title'])).toEqual({ count: 2 })
    expect(startOf(local, now, [''])).toEqual(now)
    expect(startOf(null, now, [''])).toEqual(now)
    expect(startOf(local, null, [''])).toEqual(local)
  })

  it('offers each field in which they differ, what is missing among them', () => {
    expect(contested(local, now)).toEqual([
      { name: 'title', mine: 'mine', theirs: 'theirs' },
      { name: 'count', mine: 1, theirs: 2 },
      { name: 'note', mine: 'x', theirs: undefined },
    ])
    expect(contested(null, now)).toEqual([])
    expect(contested({ at: { x: 1, y: 2 } }, { at: { y: 2, x: 1 } })).toEqual([])
    expect(sameValue({ x: 1, y: 2 }, { y: 2, x: 1 })).toBe(true)
    expect(sameValue(undefined, null)).toBe(false)
  })
})

describe('how often two app versions meet', () => {
  const pair = (appVersion: string, remoteAppVersion: string | null, count: number) => ({
    appVersion,
    remoteAppVersion,
    count,
  })

  it('is of what the device’s version pushed, and not known of too little', () => {
    const pairs = [pair('2.4.0', '2.4.1', 10), pair('2.4.1', null, 5), pair('2.3', '2.4.0', 1)]
    const rates = pairRates(
      { pairs, capped: false },
      new Map([
        ['2.4.0', 1_000],
        ['2.4.1', 100],
        ['2.3', 19],
      ]),
    )
    expect(rates.map(({ rate }) => rate)).toEqual([0.01, 0.05, null])
    expect(pairRates({ pairs: [pair('9', '9', 1)], capped: false }, new Map())).toMatchObject([
      { pushed: null, rate: null },
    ])
    const said = worstPair(rates, (rate) => `${rate * 100} %`)
    expect(said).toBe('2.4.1 meets a version that is not known most often: 5 % of the changes that it pushed')
    expect(worstPair([], String)).toBeNull()
  })

  it('is not known where not all conflicts were counted, and what is left out is told', () => {
    const found = { pairs: [pair('2.4.0', '2.4.1', 10)], total: 1, capped: false }
    expect(pairsLeftOut(found)).toBeNull()
    const capped = { ...found, capped: true }
    expect(pairRates(capped, new Map([['2.4.0', 1_000]]))).toMatchObject([{ pushed: 1_000, rate: null }])
    expect(pairsLeftOut(capped)).toContain('the newest 25,000 conflicts')
    const hundred = Array.from({ length: 100 }, (_, i) => pair(`2.${i}`, null, 1))
    expect(pairsLeftOut({ pairs: hundred, total: 240, capped: false })).toBe(
      'Listed are the 100 pairs with the most conflicts, of 240.',
    )
  })
})
