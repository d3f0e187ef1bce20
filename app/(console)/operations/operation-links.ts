import { carryShared, withParams } from '#components/ui/search-params.ts'
import { isAmong } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import type { Kind } from './operation-words.ts'

/** The letters that an operation is to take: those of a filter, or some by their ids. */
export type Taken = { readonly q: string } | { readonly letters: readonly string[] }

/** Where a bulk action is looked at before it is made, in the same fleet. Pure. */
export function newOperationHref(query: string, kind: Kind, taken: Taken): string {
  const kept = new URL(carryShared('/operations/new', query), 'http://local.invalid').search
  const which = 'q' in taken ? { q: taken.q } : { letters: taken.letters.join(',') }
  return withParams('/operations/new', kept, { kind, ...which })
}

/** The dead letters that an operation took, or those that failed in it. Pure. */
export function lettersOfOperation(
  query: string,
  key: 'operation' | 'failed' | 'skipped',
  operationId: string,
): string {
  const kept = new URL(carryShared('/dead-letters', query), 'http://local.invalid').search
  const q = formatFilter([isAmong(key, operationId), isAmong('status', 'open', 'replayed', 'discarded')])
  return withParams('/dead-letters', kept, { q })
}
