import { z } from 'zod'
import type { AdminOperation } from './operation.ts'
import { fieldHeatQuery } from './query.ts'

const ms = z.int()
const count = z.int().min(0)
const share = z.number().min(0).max(1)

/** `place` is a JSON Pointer, or `record` for the whole record; `share` is of the collection's conflicts. */
const contestedField = z.object({
  collection: z.string(),
  place: z.string(),
  count,
  share: share.nullable(),
})

/** A count for each row in each column, and last one for all other fields; null where telemetry is missing. */
const fields = z.object({
  fromMs: ms,
  toMs: ms,
  stepMs: count,
  rows: z.array(contestedField),
  fields: count,
  columns: z.array(z.object({ atMs: ms, counts: z.array(count).nullable() })),
  collections: z.array(
    z.object({ name: z.string(), conflicts: count, pushed: count, fields: z.array(contestedField) }),
  ),
})

const time = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('once'), fromMs: ms, toMs: ms, share }),
  z.object({ kind: z.literal('daily'), fromMinute: count, toMinute: count, share }),
])
const cause = z.object({
  place: z.string(),
  count,
  share: share.nullable(),
  screen: z.string().nullable(),
  title: z.string().nullable(),
  pair: z
    .object({ appVersion: z.string(), remoteAppVersion: z.string().nullable(), count, of: count })
    .nullable(),
  writers: z.object({ devices: count, sameDevice: count, desk: count, unknown: count }).nullable(),
  time: time.nullable(),
})
const frictions = z.object({
  collections: z.array(
    z.object({
      collection: z.string(),
      verdict: z.enum(['friction', 'calm', 'few', 'unknown']),
      changes: z.object({ part: count, whole: count, rate: z.number().nullable() }),
      limit: z.number(),
      cause: cause.nullable(),
    }),
  ),
  left: count,
  changesMin: count,
})

/** By `METHOD pattern` of the route table. */
export const CONTESTED_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /pillars/conflicts/fields': {
    summary: 'Conflicts by field over time: the 20 most contested fields, and all others together',
    query: fieldHeatQuery,
    answer: fields,
  },
  'GET /pillars/conflicts/friction': {
    summary: 'Whether collections indicate friction by their own limits, and what causes it',
    query: fieldHeatQuery,
    answer: frictions,
  },
}
