import { describe, expect, test } from 'vitest'
import {
  figuresText,
  pagesSentence,
  refusedOf,
  sourcesSentence,
  storedText,
  waysText,
} from '#app/(console)/settings/integrations/source-words.ts'
import type { SourceView } from '#lib/application/ingest/list-sources.ts'

const NOTHING = {
  queueDepth: null,
  oldestPendingAgeMs: null,
  deadLetters: null,
  lagMs: null,
  breaker: null,
  jobs: null,
  jobsFailing: null,
}
const source = (over: Partial<SourceView> = {}): SourceView => ({
  source: 'powersync',
  keys: 1,
  targets: 0,
  lastHeardMs: 1,
  day: [],
  figures: null,
  ...over,
})

describe('words about other engines', () => {
  test('the sentence says who was heard, and who was not', () => {
    const silent = source({ source: 'couchdb', lastHeardMs: null })
    expect(sourcesSentence([])).toBe('No other engine tells of this fleet')
    expect(sourcesSentence([silent])).toBe('Nothing was heard of couchdb for a day')
    expect(sourcesSentence([source()])).toBe('1 other engine told of this fleet in the last day')
    expect(sourcesSentence([source(), silent])).toBe(
      '1 other engine told of this fleet in the last day; couchdb did not',
    )
  })

  test('what came in has its rate, and what was refused is summed', () => {
    const day = [
      { signal: 'metrics', stored: 2_880, duplicate: 0, refused: 3 },
      { signal: 'scrape', stored: 2, duplicate: 0, refused: 1 },
    ] as const
    expect(storedText(source({ day }))).toBe('metrics 2,880, 2 a minute; pages 2')
    expect(refusedOf(source({ day }))).toBe(4)
    expect(storedText(source())).toBe('nothing')
    expect(waysText(source({ keys: 2, targets: 1 }))).toBe('2 keys, 1 page')
    expect(waysText(source({ keys: 0 }))).toBe('none any more')
  })

  test('of the pages the sentence says whether they answer', () => {
    const page = (problem: string | null) => ({ last: { atMs: 1, points: 1, problem } })
    const [well, ill] = [page(null), page('it answered 500')]
    expect(pagesSentence([well, { last: null }])).toBe('2 pages asked')
    expect(pagesSentence([ill])).toBe('1 page did not answer well')
    expect(pagesSentence([well, ill])).toBe('1 of 2 pages did not answer well')
  })

  test('what an engine doesn’t tell is not reported, and a zero that it tells is one', () => {
    expect(figuresText(source())).toBe('not reported')
    expect(figuresText(source({ figures: { ...NOTHING, lagMs: 1_250 } }))).toBe(
      'Queue not reported, 1.3 s behind',
    )
    expect(
      figuresText(source({ figures: { ...NOTHING, queueDepth: 0, jobs: 2, jobsFailing: 1, breaker: 2 } })),
    ).toBe('0 changes waiting, breaker open, 1 of 2 replications not well')
  })
})
