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

/** What an operation took, or what failed in it or was passed over, as its list shows it. Pure. */
export function membersHref(
  query: string,
  kind: string,
  key: 'operation' | 'failed' | 'skipped',
  operationId: string,
): string {
  const [page, statuses] = kind === 'resolve' ? CONFLICTS : LETTERS
  const kept = new URL(carryShared(page, query), 'http://local.invalid').search
  const q = formatFilter([isAmong(key, operationId), isAmong('status', ...statuses)])
  return withParams(page, kept, { q })
}

const LETTERS = ['/dead-letters', ['open', 'replayed', 'discarded']] as const
const CONFLICTS = ['/conflicts', ['open', 'resolved']] as const
