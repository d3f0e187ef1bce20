import { z } from 'zod'
import { STRATEGIES } from '#lib/protocol/device.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { CONFLICT_FIELDS, CONFLICT_SORTS, type ConflictKey } from '#lib/query/conflict-fields.ts'
import { isAmong, type Filter } from '#lib/query/field.ts'
import { frozen } from '#lib/query/frozen.ts'
import type { ConflictFilter } from '#lib/storage/ports.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import { rangeInput } from '../page.ts'

/** What a list of conflicts, its counts and its groups are asked by; the single names are conditions of `q` in other words. */
export const conflictsAsked = {
  q: filterInput(CONFLICT_FIELDS),
  sort: z.enum(CONFLICT_SORTS).optional().describe('Newest first without; `waiting` is longest wait first'),
  status: z.enum(['open', 'resolved']).optional(),
  strategy: z.enum(STRATEGIES).optional(),
  collection: z.string().max(64).optional(),
  recordId: uuid.optional(),
  deviceId: uuid.optional(),
  sessionId: uuid.optional(),
  ...rangeInput,
}
type Asked = z.infer<z.ZodObject<typeof conflictsAsked>>

const NAMED = {
  status: 'status',
  strategy: 'strategy',
  collection: 'collection',
  recordId: 'record',
  deviceId: 'device',
  sessionId: 'session',
} as const satisfies Partial<Record<keyof Asked, ConflictKey>>

/**
 * The one compiler of conflicts' filters. Ages become times as of now.
 * @throws ApplicationError `bad_request`
 */
export function conflictFilter(asked: Asked, nowMs: number): ConflictFilter {
  const named = Object.entries(NAMED).flatMap(([name, key]): Filter<ConflictKey> => {
    const value = asked[name as keyof typeof NAMED]
    return value === undefined ? [] : [isAmong<ConflictKey>(key, value)]
  })
  const { from, to } = asked
  const within: Filter<ConflictKey> =
    from === undefined && to === undefined
      ? []
      : [{ kind: 'within', key: 'arose', not: false, fromMs: from ?? null, toMs: to ?? null }]
  const conditions = [...within, ...named, ...frozen(filterOrThrow(asked.q, CONFLICT_FIELDS), nowMs)]
  return { conditions, sort: asked.sort ?? 'newest' }
}
