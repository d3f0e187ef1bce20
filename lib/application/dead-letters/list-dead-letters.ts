import { z } from 'zod'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { Filter } from '#lib/query/field.ts'
import { frozen } from '#lib/query/frozen.ts'
import { LETTER_FIELDS, type LetterKey } from '#lib/query/letter-fields.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import type { ItemList } from '../page.ts'
import { letterMasks } from './letter-masks.ts'
import { itemList, pageInput, pageRequest, rangeInput } from '../page.ts'

const lettersAsked = { ...rangeInput, q: filterInput(LETTER_FIELDS) }
export const deadLettersQuery = z.strictObject({ ...pageInput, ...lettersAsked })
export const letterFacetsQuery = z.strictObject(lettersAsked)

interface Asked {
  readonly q?: string | undefined
  /** Unix ms, [from, to) of when it became a dead letter: `seen` in other words. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/**
 * The one compiler of letters' filters: what lists, counts, files and operations ask the storage for. Ages become times as
 * of now, so that an operation that keeps the conditions has its membership for good.
 * @throws ApplicationError `bad_request`
 */
export function letterConditions({ q, from, to }: Asked, nowMs: number): Filter<LetterKey> {
  const conditions = frozen(filterOrThrow(q, LETTER_FIELDS), nowMs)
  if (from === undefined && to === undefined) return conditions
  return [{ kind: 'within', key: 'seen', not: false, fromMs: from ?? null, toMs: to ?? null }, ...conditions]
}

interface Input {
  readonly actor: Actor
  readonly fleetId: string
  readonly query: unknown
}

/** A fleet's dead letters that match `q` (docs/filters.md), newest first, masked. @throws ApplicationError `not_found`, `bad_request` */
export async function listDeadLetters(
  ctx: Pick<Context, 'storage' | 'clock' | 'secret'>,
  { actor, fleetId, query }: Input,
): Promise<ItemList<DeadLetterRow>> {
  authorize(actor, fleetId, 'viewer')
  const { cursor, limit, ...asked } = parsedOrThrow(deadLettersQuery, query)
  const conditions = letterConditions(asked, ctx.clock.now())
  const [page, masks] = await Promise.all([
    ctx.storage.deadLetters.list(fleetId, { conditions }, pageRequest({ cursor, limit })),
    letterMasks(ctx, fleetId),
  ])
  return itemList(page, masks.letter)
}

/**
 * How many letters match `q`, and how many have each value of some keys, of the newest LETTER_FACET_ROWS_MAX.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function letterFacets(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId, query }: Input,
): Promise<FacetCounts<LetterKey>> {
  authorize(actor, fleetId, 'viewer')
  const conditions = letterConditions(parsedOrThrow(letterFacetsQuery, query), ctx.clock.now())
  return ctx.storage.deadLetters.facets(fleetId, { conditions })
}
