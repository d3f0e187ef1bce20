import { createLoader, createParser, parseAsInteger } from 'nuqs/server'
import { instant } from '#lib/application/page.ts'
import { SHARED } from '../search-params.ts'

/** A moment that the seconds are shown around; `now` for the last two minutes. */
const moment = {
  ...createParser<number | 'now'>({
    parse: (text) => (text === 'now' ? 'now' : (instant.safeParse(text).data ?? null)),
    serialize: (at) => (at === 'now' ? at : new Date(at).toISOString()),
  }),
  choices: ['now', 'a time like 2026-11-26T14:05:00Z'],
}

const within = (min: number, max: number, choices: string) => ({
  ...createParser({
    parse: (text) => {
      const value = parseAsInteger.parse(text)
      return value === null || value < min || value > max ? null : value
    },
    serialize: String,
  }),
  choices: [choices],
})

const percent = {
  ...createParser({
    parse: (text) => {
      const value = Number(text)
      return text.trim() !== '' && value > 0 && value <= 100 ? value : null
    },
    serialize: String,
  }),
  choices: ['a percentage like 3'],
}

/** What a breaker's page understands: the moment, and what the last day is replayed against. */
export const BREAKER = {
  ...SHARED,
  at: moment,
  threshold: percent,
  minimum: within(1, 100_000, 'calls, from 1 to 100,000'),
  window: within(5, 600, 'seconds, from 5 to 600'),
}
export const loadBreaker = createLoader(BREAKER)
