import type { LetterKind } from '#lib/engine/operation-machine.ts'
import type { Filter } from '#lib/query/field.ts'
import { asks, bulkFilter, type LetterKey } from '#lib/query/letter-fields.ts'
import { LETTER_RESTORABLE_MS } from '#lib/protocol/limits.ts'
import type { Membership, OperationRow } from '#lib/storage/ports.ts'
import { badRequest } from '../errors.ts'
import { letterConditions } from '../dead-letters/list-dead-letters.ts'

interface Asked {
  readonly kind: LetterKind
  readonly q?: string | undefined
  /** Instead of a filter. */
  readonly letters?: readonly string[] | undefined
  readonly edit?: unknown
}

/**
 * The letters that an operation takes: those of the filter as of now, in the state that its kind is for, without the poisoned
 * ones where nobody asked for them (DL10, DL11); or those that are named one by one. @throws ApplicationError `bad_request`
 */
export function membershipOf(asked: Asked, nowMs: number): Membership {
  const { kind, q, letters, edit } = asked
  if ((kind === 'edit') !== (edit !== undefined))
    throw badRequest([
      { path: '/edit', message: kind === 'edit' ? 'is required' : `is no part of a ${kind}` },
    ])
  if (letters !== undefined && q !== undefined)
    throw badRequest([{ path: '/letters', message: 'is instead of a filter, not beside one' }])
  const filter = letters === undefined ? letterConditions({ q }, nowMs) : [asks('id', ...new Set(letters))]
  if (kind === 'restore')
    return { kind, conditions: [...filter, asks('status', 'discarded')], withPoison: true }
  if (letters !== undefined)
    return { kind, conditions: [...filter, asks('status', 'open')], withPoison: true }
  const conditions = [...bulkFilter(filter), asks('status', 'open')]
  return { kind, conditions, withPoison: takesPoison(conditions) }
}

/** Letters discarded before this stay so. */
export const restorableSinceMs = (nowMs: number): number => nowMs - LETTER_RESTORABLE_MS

/** Whether poisoned letters are asked for by name, so that those held behind others come along too. Pure. */
export const takesPoison = (filter: OperationRow['conditions']): boolean =>
  filter.some((one) => one.kind === 'is' && one.key === 'poison' && !one.not && one.values.includes('yes'))

/** Keys that say nothing of why a letter died, nor where. */
const CAUSELESS: ReadonlySet<LetterKey> = new Set<LetterKey>(['status', 'poison', 'replayed', 'seen', 'made'])

/**
 * Conditions that take letters of any cause: every letter, all of one state or time, and all but some. `-code:exhausted` and
 * `replayed:>=0` are as good as no filter. Pure.
 */
export const takesAll = (filter: Filter<LetterKey>): boolean =>
  filter.every((one) => one.not || (one.kind !== 'words' && CAUSELESS.has(one.key)))
